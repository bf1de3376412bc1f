"""The status page in a browser: Debian's chromium. What is seen is also looked at in the pictures
that scripts/screenshot-page makes."""

import pytest

from lib.browser import Browser, axe_source
from lib.store import Store
from lib.status_server import StatusServer, example

AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(
    (found) => done(found.violations.map((v) => [v.id, v.nodes.map((n) => n.html)])),
    (error) => done(String(error)));
"""
SHOWN = """
return [...document.querySelectorAll(".certificate")].filter((item) => item.offsetParent !== null)
    .map((item) => item.dataset.name);
"""
FOCUSED = "return document.activeElement.id || document.activeElement.localName;"


@pytest.fixture(scope="module")
def browser(module_start, tmp_path_factory):
    browser = Browser(module_start, tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def server(tmp_path):
    server = StatusServer(tmp_path)
    yield server
    server.stop()


def violations(browser):
    source = axe_source()
    if source is None:
        pytest.skip("skipped: there is no npm to install axe-core with")
    browser.run(source)
    return browser.wait_for(AXE)


def names(document=None):
    return {certificate["name"] for certificate in (document or example())["certificates"]}


@pytest.mark.parametrize("width, dark", [(1280, False), (1280, True), (390, False), (390, True)])
def test_it_is_accessible_and_fits(browser, server, width, dark):
    browser.look_like(width, dark=dark)
    browser.open(server.url)
    assert set(browser.run(SHOWN)) == names()
    assert browser.run("return document.documentElement.scrollWidth") == width
    # All that can be opened is open.
    browser.run("document.querySelectorAll('details').forEach((d) => { d.open = true; });")
    assert browser.run("return document.documentElement.scrollWidth") == width
    assert violations(browser) == []
    assert browser.console() == []


def test_it_is_used_by_keyboard(browser, server):
    browser.look_like(1280)
    browser.open(server.url)
    browser.press("/")
    assert browser.run(FOCUSED) == "filter"
    browser.press("encrypt mail")
    assert browser.run(SHOWN) == ["mail.example.org"]
    assert browser.run("return document.getElementById('shown').value") == "1 of 12 shown"
    browser.press("Escape")
    assert set(browser.run(SHOWN)) == names()
    browser.press("Tab", "Tab", "expi", "Tab")
    assert browser.run(SHOWN) != sorted(browser.run(SHOWN))
    browser.run("document.getElementById('sort').focus();")
    browser.press("name", "Tab")
    listed = browser.run(SHOWN)
    # Those that need attention stay in front.
    assert listed[:3] == ["mail.example.org", "new.example.org", "shop.example.org"]
    assert sorted(listed[3:]) == sorted(names() - set(listed[:3]))
    assert browser.run(FOCUSED) == "summary"
    browser.press("Enter")
    assert "Serial number" in browser.run("return document.querySelector('details[open]').innerText")
    browser.run("document.getElementById('state').focus();")
    browser.press("due")
    assert browser.run(SHOWN) == ["cloud.example.org"]
    assert browser.console() == []


def test_it_works_without_scripts(browser, server):
    browser.look_like(1280)
    browser.use_scripts(False)
    try:
        browser.open(server.url)
        assert set(browser.run(SHOWN)) == names()
        assert browser.run("return document.getElementById('tools').offsetParent") is None
    finally:
        browser.use_scripts(True)


def test_names_and_messages_are_text_and_nothing_else(browser, server):
    """What a CA, a plugin or a file name says is shown as it is, and runs nothing."""
    evil = "\"'><script>document.title = 'taken'</script><img src=x onerror=alert(1)>@NAME@"
    document = example()
    certificate = document["certificates"][0]
    certificate.update(name=evil, domains=[evil], issuer=evil, server=evil, state="failing")
    certificate["last_failure"] = {"time": document["time"], "kind": "other", "message": evil,
                                   "hint": evil, "until": None}
    server.put(document)
    browser.open(server.url)
    assert browser.run("return document.querySelectorAll('script, img').length") == 1
    assert evil in browser.run(SHOWN)
    text = browser.run("return document.body.innerText")
    assert text.count(evil) >= 3
    assert browser.run("return document.title").endswith("– certwright")
    assert browser.console() == []


def test_a_page_in_a_file_has_its_policy_in_itself(browser, tmp_path):
    store = Store(tmp_path)
    store.acme("example.example.test")
    page = tmp_path / "page.html"
    store.run("report", "--html", page, *store.directories(), defaults=False)
    browser.look_like(390)
    browser.open(page.as_uri())
    assert browser.run(SHOWN) == ["example.example.test"]
    assert "default-src 'none'" in browser.run(
        "return document.querySelector('meta[http-equiv]').content")
    # A script that is not the page's own does not run.
    browser.run("const s = document.createElement('script'); s.textContent = 'document.title = 1';"
                "document.body.append(s);")
    assert browser.run("return document.title") != "1"
    [message] = browser.console()
    assert "Content Security Policy" in message
    assert violations(browser) == []
