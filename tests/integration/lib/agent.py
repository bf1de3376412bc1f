"""A running agent, as a service manager or a container would run it."""

import os
import signal

from .process import wait_until

TIME_LIMIT = 60


class Agent:
    """certwright agent with the directories of OWNER (a lib.certwright.Certwright)."""

    def __init__(self, owner, *args, env=None, wrap=(), server=True, **options):
        self.owner = owner
        argv = [owner.program, "agent", *map(str, args), *owner.directories()]
        environment = {"CERTWRIGHT_HTTP_01_PORT": str(owner.ca.http_port)}
        if server:
            environment["CERTWRIGHT_SERVER"] = owner.ca.directory
        environment.update(env or {})
        self.running = owner.start_argv(argv, env=environment, wrap=wrap, **options)

    @property
    def pid(self):
        return self.running.pid

    def log(self):
        return self.running.stderr_so_far()

    def status(self):
        """The status document."""
        return self.owner.run("agent", "status", *self.owner.directories(), defaults=False,
                              json=True).json["status"]

    def certificate(self, name):
        return {c["name"]: c for c in self.status()["certificates"]}[name]

    def wait(self, condition, what, seconds=TIME_LIMIT):
        def check():
            if self.running.process.poll() is not None:
                raise AssertionError(f"the agent has ended:\n{self.log()}")
            return condition()
        try:
            return wait_until(check, seconds, what)
        except TimeoutError as error:
            raise AssertionError(f"{error}:\n{self.log()}") from None

    def wait_for_log(self, text, count=1):
        self.wait(lambda: self.log().count(text) >= count, f"\"{text}\" in the log")

    def wait_for_origin(self, name, origin):
        path = os.path.join(self.owner.config_dir, "live", name, "origin")

        def is_there():
            try:
                with open(path, encoding="ascii") as stream:
                    return stream.readline().strip() == origin
            except FileNotFoundError:
                return False
        self.wait(is_there, f"the origin {origin} of {name}")

    def signal(self, number):
        os.kill(self.pid, number)

    def end(self, status=0):
        """Ends it as a container is ended."""
        if self.running.process.poll() is None:
            self.signal(signal.SIGTERM)
        result = self.running.finish(15)
        assert result.status == status, result.output
        return result
