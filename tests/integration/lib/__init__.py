"""What the integration tests are made of: real servers, real clients, and one that misbehaves."""
