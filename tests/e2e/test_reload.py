# SPDX-License-Identifier: Apache-2.0
"""A reload changes what its sections say, and nothing else: what was counted stays, who is connected stays connected."""
import http.client
import socket

import requests
from opentelemetry.trace import SpanKind

from harness.certificates import certificate_of
from harness.destination import HANG
from harness.process import free_port, wait_until
from harness.senders import meter_provider, tracer_provider

ZONE = {"zone": "north"}


def span(agent, **labels):
    """One more request span, and waits until the series with these labels has taken it."""
    before = agent.value("server_request_total", func="GET /a", **labels) or 0
    with tracer_provider(agent, attributes=ZONE) as provider:
        with provider.get_tracer("t").start_as_current_span(
                "GET /a", kind=SpanKind.SERVER, attributes={"http.request.method": "GET", "http.route": "/a"}):
            pass
        assert provider.force_flush()
    wait_until(lambda: agent.value("server_request_total", func="GET /a", **labels) == before + 1, 5, f"a span with {labels}")


def test_labels_of_spans_and_what_a_scrape_shows_change_and_counts_go_on(start_agent):
    agent = start_agent()
    with meter_provider(agent) as provider:
        provider.get_meter("m").create_counter("orders").add(5)
    agent.send_statsd("hits:3|c")
    wait_until(lambda: agent.value("orders_total") == 5 and agent.value("hits_total") == 3, 5, "both counters")
    span(agent)
    assert agent.value("target_info", job="shop") and agent.value("node_load1") is not None

    connected = http.client.HTTPConnection("127.0.0.1", agent.otlp_port, timeout=5)
    connected.request("POST", "/v1/metrics", body=b"", headers={"Content-Type": "application/x-protobuf"})
    assert connected.getresponse().read() is not None
    socket_before = connected.sock
    agent.configure({"otlp": {"dc_attribute": "zone"}, "exposition": {"target_info": False}, "host_meters": False})
    assert agent.reload().status_code == 200

    assert agent.value("target_info", job="shop") is None
    span(agent, dc="north")
    assert agent.value("server_request_total", func="GET /a") == 2, "the first one is still there, without dc"
    assert agent.value("orders_total") == 5 and agent.value("hits_total") == 3
    wait_until(lambda: agent.value("node_load1") is None, 5, "host meters end")
    connected.request("POST", "/v1/metrics", body=b"", headers={"Content-Type": "application/x-protobuf"})
    assert connected.getresponse().status == 200
    assert connected.sock is socket_before, "no listener was touched"

    agent.configure({"otlp": {"span_meters": False}, "host_meters": True})
    assert agent.reload().status_code == 200
    with tracer_provider(agent, attributes=ZONE) as provider:
        with provider.get_tracer("t").start_as_current_span("GET /a", kind=SpanKind.SERVER):
            pass
        assert provider.force_flush()
    wait_until(lambda: agent.value("node_load1") is not None, 5, "host meters are back")
    assert agent.value("server_request_total", func="GET /a") == 2


def test_a_listener_that_changed_is_opened_anew_and_the_others_stay(start_agent):
    agent = start_agent()
    agent.send_statsd("hits:3|c")
    wait_until(lambda: agent.value("hits_total") == 3, 5, "the counter")
    agent.statsd_port = free_port(socket.SOCK_DGRAM)
    agent.configure({"statsd": {"udp_listen": f"127.0.0.1:{agent.statsd_port}", "timer_bounds": [1, 10]}})
    assert agent.reload().status_code == 200
    agent.send_statsd("hits:3|c", "latency:5|ms")
    wait_until(lambda: agent.value("hits_total") == 6, 5, "it counts on behind the new port")
    wait_until(lambda: agent.value("latency_milliseconds_bucket", le="10") == 1, 5, "by the new bounds")


def test_a_statsd_socket_that_cannot_be_opened_makes_the_agent_not_ready(start_agent, tmp_path):
    agent = start_agent()
    agent.configure({"statsd": {"unix_socket": str(tmp_path / "no" / "such" / "folder" / "statsd.sock")}})
    assert agent.reload().status_code == 200
    answer = agent.get("/-/ready")
    assert answer.status_code == 503 and "statsd/unix" in answer.text
    assert agent.get("/metrics").status_code == 200
    agent.configure({"statsd": {"unix_socket": str(tmp_path / "statsd.sock")}})
    assert agent.reload().status_code == 200
    assert agent.get("/-/ready").status_code == 200


def test_a_page_that_cannot_move_stays_and_the_reload_is_refused(start_agent):
    agent = start_agent()
    in_force = agent.status("settings")["data"]["toml"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        agent.configure({"http": {"listen": address}, "host_meters": False})
        answer = agent.reload()
        assert answer.status_code == 503 and address in answer.text and "in use" in answer.text and "ss -ltnp" in answer.text
        assert agent.status("settings")["data"]["toml"] == in_force, "nothing of it is in force"
        wait_until(lambda: agent.value("tocsin_config_last_reload_successful") == 0, 5)
        assert agent.ready()
    old = agent.url
    assert agent.reload().status_code == 200, "the port is free"
    agent.http_port = int(address.rpartition(":")[2])
    wait_until(agent.ready, 5, "it serves at the new port")
    wait_until(lambda: agent.value("tocsin_config_last_reload_successful") == 1, 5)
    assert address in agent.status("settings")["data"]["toml"]
    wait_until(lambda: not answers(old), 10, "and not at the old one")


def answers(url):
    try:
        return requests.get(url + "/-/healthy", timeout=2).status_code == 200
    except requests.ConnectionError:
        return False


def test_a_page_that_changes_at_its_port_is_tried_before_it_is_closed(start_agent, tmp_path):
    agent = start_agent()
    certificate, key = certificate_of(tmp_path, "agent")
    _, other = certificate_of(tmp_path, "other")
    agent.configure({"http": {"tls": {"certificate_file": certificate, "key_file": other}}})
    answer = agent.reload()
    assert answer.status_code == 422 and str(other) in answer.text, answer.text
    assert agent.ready() and agent.status("runtimeinfo")["data"]["reloadConfigSuccess"] is False
    agent.configure({"http": {"tls": {"certificate_file": certificate, "key_file": key}}})
    assert agent.reload().status_code == 200
    secure = f"https://127.0.0.1:{agent.http_port}/-/ready"
    wait_until(lambda: requests.get(secure, verify=certificate, timeout=2).status_code == 200, 10, "it speaks HTTPS now")


def exported(agent, name, signal):
    """A destination's account of a signal, which must add up."""
    state = next(one for one in agent.status("exporters")["data"]["destinations"] if one["name"] == name)
    counts = state[signal]
    assert counts["offered"] == counts["sent"] + counts["queued"] + counts["inFlight"] + sum(counts["dropped"].values()), counts
    return counts


def test_what_is_queued_for_a_destination_outlives_a_reload_also_where_it_changed(start_agent, start_destination):
    """Two destinations hang with more waiting behind; one of them changes. Nothing is lost, and none gets two at once."""
    kept, changed, new = (start_destination(name=name) for name in ("kept", "changed", "new"))
    for hanging in (kept, changed):
        hanging.script(HANG)

    def export(destination, **settings):
        return {"name": destination.name, "protocol": "http/protobuf", "endpoint": destination.url, "interval": "200ms",
                "timeout": "60s", "compression": "none", **settings}

    agent = start_agent({"stop_timeout": "60s", "export": [export(kept), export(changed)]})
    names = [f"span {number}" for number in range(30)]

    def send(some):
        with tracer_provider(agent) as provider:
            for name in some:
                provider.get_tracer("t").start_span(name).end()

    send(names[:10])
    wait_until(lambda: kept.requests and changed.requests, 10, "both hang")
    send(names[10:20])
    agent.configure({"export": [export(kept), export(changed, headers={"x-now": "changed"}), export(new)]})
    assert agent.post("/-/reload", timeout=5).status_code == 200, "it does not wait for who hangs"
    send(names[20:])
    for name in ("kept", "changed"):
        wait_until(lambda n=name: exported(agent, n, "spans")["offered"] == 30, 10, "what comes meanwhile is taken")
    assert exported(agent, "changed", "spans")["sent"] == 0 and len(changed.requests) == 1, "one at a time"
    kept.release()
    changed.release()
    for destination in (kept, changed):
        destination.wait_for(lambda d: sorted(span.name for _, span in d.spans()) == sorted(names), 20, "all spans, once each")
    assert [span.name for _, span in new.spans()] == names[20:]

    def accounts_agree(destination, signal, theirs):
        counts = exported(agent, destination.name, signal)
        return counts["sent"] == destination.accepted_items(theirs) > 0 and sum(counts["dropped"].values()) == 0
    for destination in (kept, changed, new):
        for signal, theirs in (("spans", "traces"), ("metrics", "metrics")):
            wait_until(lambda d=destination, s=signal, t=theirs: accounts_agree(d, s, t), 20, f"{destination.name}: {signal}")
    by_header = [request.headers.get("x-now") for request in changed.requests]
    assert by_header[0] is None and by_header[-1] == "changed"
    assert "flushed" in agent.log()


def test_a_file_that_was_found_and_is_gone_refuses_the_reload(start_agent):
    agent = start_agent()
    agent.stop()
    agent.command = lambda: [agent.program, "run", "--data-dir", agent.data_folder]  # as the systemd unit: no --config
    text = agent.config_path.read_text()
    agent.start()
    in_force = agent.status("settings")["data"]["toml"]
    agent.config_path.unlink()
    for unreadable in (lambda: None, lambda: agent.config_path.symlink_to("nowhere.toml")):
        unreadable()
        answer = agent.reload()
        assert answer.status_code == 422 and "tocsin.toml: cannot be read: No such file" in answer.text
        assert agent.status("settings")["data"]["toml"] == in_force
        wait_until(lambda: agent.value("tocsin_config_last_reload_successful") == 0, 5)
    agent.config_path.unlink()
    agent.config_path.write_text(text)
    assert agent.reload().status_code == 200
    wait_until(lambda: agent.value("tocsin_config_last_reload_successful") == 1, 5)


def test_a_file_that_appears_where_there_was_none_is_taken_and_missed_from_then_on(start_agent):
    agent = start_agent()
    agent.stop()
    places = [f"{section}.{key}={value}" for section in ("http", "otlp", "statsd") for key, value in agent.settings[section].items()]
    agent.command = lambda: [agent.program, "run", "--data-dir", agent.data_folder, *(f"--set={place}" for place in places)]
    agent.config_path.unlink()
    agent.start()
    assert agent.reload().status_code == 200, "the defaults, as before"
    agent.config_path.write_text('tick = "3s"\n')
    assert agent.reload().status_code == 200
    assert 'tick = "3s"' in agent.status("settings")["data"]["toml"]
    agent.config_path.unlink()
    assert agent.reload().status_code == 422
    assert 'tick = "3s"' in agent.status("settings")["data"]["toml"]


def test_what_needs_a_restart_stays_in_force_and_each_reload_says_so(start_agent, tmp_path):
    agent = start_agent({"history": {"retention": "1h"}})
    flags = agent.status("flags")["data"]
    pending = 'needs a restart","key":"history"'
    for times in (1, 2):
        agent.configure({"history": {"retention": "3h"}, "log": {"format": "text"}})
        assert agent.reload().status_code == 200
        wait_until(lambda: agent.log().count(pending) == times, 5, "told at each reload")
        assert agent.status("flags")["data"] == flags
    assert 'format = "automatic"' in agent.status("settings")["data"]["toml"]
    agent.configure({"history": {"retention": "1h"}, "log": {"format": "automatic"}})
    assert agent.reload().status_code == 200
    assert agent.log().count(pending) == 2, "it is as it was"
