"""A web application that publishes challenges for whoever has a key of one of its users. Written for
the tests of the plugin django, with Django and its REST framework."""
