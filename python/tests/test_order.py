"""Order by order: dns-01 on BIND."""

import asyncio

import pytest

import certwright
import certwright.aio
from test_client import verify

ZONES = {"example.test": []}


def publish(bind, challenge):
    bind.update(f'add {challenge.location}. 1 TXT "{challenge.validation}"')


def test_an_account_its_order_and_the_revocation(with_ca, ca, bind, tmp_path):
    with certwright.Client() as client:
        account = certwright.Account.register(client, ca.directory, contact="a@example.test",
                                              agree_tos=True)
        assert account.status == "valid" and account.contact == ("a@example.test",)
        account.update("b@example.test")
        found = certwright.Account.find(client, account.key, ca.directory)
        assert found.uri == account.uri and found.contact == ("b@example.test",)

        order = account.order(["*.example.test", "example.test"])
        assert order.status == "pending"
        assert sorted(order.identifiers) == ["*.example.test", "example.test"]
        authorizations = order.authorizations()
        assert sorted(a.wildcard for a in authorizations) == [False, True]
        challenges = [a.challenge("dns-01") for a in authorizations]
        for challenge in challenges:
            assert challenge.location == "_acme-challenge.example.test"
            publish(bind, challenge)
        for challenge in challenges:
            challenge.ready()
            assert challenge.location == "_acme-challenge.example.test"
        for authorization in authorizations:
            authorization.wait()

        again = found.order_at(order.uri)
        again.wait("ready")
        csr, key = account.make_csr(again.identifiers)
        again.finalize(csr)
        certificate = again.certificate()
        verify(certificate, ca, tmp_path)
        assert "PRIVATE KEY" in key and certificate.fingerprint
        account.revoke(certificate.certificate, "superseded")
        account.deactivate()
        assert account.status == "deactivated"
        with pytest.raises(certwright.AcmeError):
            account.order("example.test")


def test_a_refused_authorization_and_a_second_order_with_asyncio(with_ca, ca, bind):
    async def work():
        async with await certwright.aio.Client.start() as client:
            account = await certwright.aio.Account.register(client, ca.directory, agree_tos=True)
            order = await account.order("no.example.test")
            [authorization] = await order.authorizations()
            await authorization.challenge("dns-01").ready()
            with pytest.raises(certwright.AcmeError) as caught:
                await authorization.wait()
            assert caught.value.name == "no.example.test" and caught.value.detail

            order = await account.order("yes.example.test")
            [authorization] = await order.authorizations()
            with pytest.raises(certwright.Error, match="no dns-02 challenge"):
                authorization.challenge("dns-02")
            challenge = authorization.challenge("dns-01")
            await asyncio.to_thread(publish, bind, challenge)
            await challenge.ready()
            await challenge.wait()
            await order.wait("ready")
            csr, _ = await account.make_csr("yes.example.test")
            await order.finalize(csr.encode())
            return await order.certificate()

    assert asyncio.run(work()).domains == ("yes.example.test",)


def test_the_pause_that_the_ca_asks_for():
    """None at all would ask without end."""
    order = certwright.Order(None, {"order": {"uri": "https://ca.example/1"}, "retry_after": 0})
    assert order.pause(0) > 0 and order.pause(1) > 1
    order.retry_after = 40
    assert order.pause(0) == 40
