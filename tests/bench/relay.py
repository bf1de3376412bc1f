"""A relay of TCP connections that makes the way longer; TLS goes through it untouched."""

import asyncio
import threading


class SlowRelay:
    """Relays what comes to PORT to TARGET_PORT, both on loopback.

    Every byte takes half of ROUND_TRIP (seconds; it may be changed) each way, and a connection is
    there only after one whole, as its set-up takes. connections is how many were opened.
    """

    def __init__(self, port, target_port, round_trip):
        self.round_trip = round_trip
        self.connections = 0
        self._port, self._target = port, target_port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    def _run(self):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._accept, "127.0.0.1", self._port))
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _accept(self, reader, writer):
        self.connections += 1
        await asyncio.sleep(self.round_trip)
        target_reader, target_writer = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(self._carry(reader, target_writer),
                             self._carry(target_reader, writer), return_exceptions=True)

    async def _carry(self, reader, writer):
        """Each piece waits for its time by itself, so that a later one need not wait for it."""
        while True:
            data = await reader.read(65536)
            self._loop.call_later(self.round_trip / 2, self._deliver, writer, data)
            if not data:
                return

    @staticmethod
    def _deliver(writer, data):
        if writer.is_closing():
            return
        if data:
            writer.write(data)
        else:
            writer.close()

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
