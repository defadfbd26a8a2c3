"""The watch over the other tests of this folder sees what it is for."""

import pytest

PAGE = "<p>618</p>"


@pytest.fixture
def quiet_page(page, watch):
    """A page whose watch has nothing left to say at the end."""
    yield page
    watch.outside.clear()
    watch.forgive("")


@pytest.mark.parametrize("address", ["http://shop.example/a.js", "http://192.0.2.1/a.js", "https://shop.example/a.png"])
def test_a_request_to_another_host_is_refused_and_counted(quiet_page, watch, address):
    quiet_page.set_content(PAGE)
    with quiet_page.expect_event("requestfailed") as failed:
        quiet_page.evaluate("address => { fetch(address, {mode: 'no-cors'}).catch(() => {}) }", address)
    assert "ERR_NAME_NOT_RESOLVED" in failed.value.failure
    assert watch.outside == [address]


def test_a_web_socket_to_another_host_is_counted(quiet_page, watch):
    quiet_page.set_content(PAGE)
    quiet_page.evaluate("() => new Promise(done => { new WebSocket('ws://shop.example/live').onerror = () => done() })")
    assert watch.outside == ["ws://shop.example/live"]


def test_a_console_error_and_an_uncaught_error_are_complaints(quiet_page, watch):
    with quiet_page.expect_event("pageerror"):
        quiet_page.set_content("<script>console.warn('w'); console.error('first'); throw Error('second')</script>")
    assert [text.split(" (")[0] for text in watch.complaints] == ["first", "second"]
    watch.forgive("first")
    assert watch.faults() == ["second"]


def test_chinese_is_drawn_with_the_font_of_the_course(page):
    page.set_content("<p style='font: 20px sans-serif'>客户</p>")
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    node = session.send("DOM.querySelector", {"nodeId": root, "selector": "p"})["nodeId"]
    fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    assert [font["familyName"] for font in fonts] == ["Noto Sans SC"]
