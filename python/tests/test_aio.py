"""The same with asyncio."""

import asyncio

import pytest

import certwright
import certwright.aio
from serving import AsyncHost
from test_client import verify

NAMES = ["a.example.test", "b.example.test", "c.example.test"]


def test_the_loop_serves_all_challenges_at_once(with_pebble, pebble, tmp_path):
    async def work():
        host = AsyncHost(len(NAMES))
        server = await host.serve(pebble.http_port)
        async with server:
            certificate = await certwright.aio.obtain(NAMES, host=host, agree_tos=True,
                                                      server=pebble.directory)
        return host, certificate

    host, certificate = asyncio.run(work())
    verify(certificate, pebble, tmp_path)
    assert host.most == 3 and sorted(host.removed) == NAMES


def test_a_cancelled_task_cancels_its_call(with_pebble, pebble):
    async def work():
        host = AsyncHost(2)
        async with await certwright.aio.Client.start() as client:
            task = asyncio.create_task(certwright.aio.obtain(
                "a.example.test", host=host, agree_tos=True, client=client,
                server=pebble.directory))
            while not host.bodies and not task.done():
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(certwright.Error, match="closed"):
                await client.run("help")
        return host

    assert asyncio.run(work()).removed == ["a.example.test"]


def new_csr(name, **options):
    return {"request": "csr_new", "identifiers": [name], "options": options}


def test_two_clients_in_one_loop_and_errors(with_pebble):
    async def work():
        async with await certwright.aio.Client.start() as one, \
                await certwright.aio.Client.start() as two:
            answers = await asyncio.gather(*(client.call(new_csr("a.example.test"))
                                             for client in (one, two)))
            assert answers[0]["csr"]["key"] != answers[1]["csr"]["key"]
            with pytest.raises(certwright.UsageError):
                await one.run("certonly", http_01_port="many")
            # A key that takes long enough for the second call to find the first in progress.
            slow = {"key-type": "rsa", "rsa-key-size": 3072}
            both = asyncio.gather(one.call(new_csr("b.example.test", **slow)),
                                  one.call(new_csr("c.example.test")))
            with pytest.raises(certwright.Error, match="in progress"):
                await both
            assert (await two.call(new_csr("d.example.test")))["ok"]

    asyncio.run(work())
