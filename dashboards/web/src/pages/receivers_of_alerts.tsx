// SPDX-License-Identifier: Apache-2.0
// Who is told of alerts, and how that goes.
import {call} from "../api";
import {ago} from "../time";
import {usePoll} from "./poll";

interface Receiver {
  name: string; kind: string; url: string; sent: number; queued: number; inFlight: number; dropped: Record<string, number>;
  oldestOwed: string | null; lastSuccessTime: string | null; failingSince: string | null; lastError: string;
}
interface Notify { receivers: Receiver[]; store: {fault: string; durable: boolean} }

const ask = async (signal: AbortSignal) => (await call<Notify>("/api/v1/status/notify", {}, signal)).data;
const since = (time: string | null) => time && Date.parse(time) > 0 ? ago(Date.parse(time)) : "never";

function Row({one}: {one: Receiver}) {
  const waiting = one.queued + one.inFlight;
  const dropped = Object.entries(one.dropped).filter(([, count]) => count > 0);
  return <tr data-receiver={one.name}><td>{one.name}{one.url !== one.name && <div class="dim">{one.url}</div>}</td><td>{one.kind}</td>
    <td>{one.failingSince ? <span class="error">fails since {ago(Date.parse(one.failingSince))}<div>{one.lastError}</div></span> : one.lastSuccessTime ? <span class="ok">works</span> : <span class="dim">not told of anything yet</span>}</td>
    <td>{since(one.lastSuccessTime)}</td><td class="number">{one.sent}</td>
    <td class="number">{waiting}{waiting > 0 && one.oldestOwed ? <div class="dim">oldest {since(one.oldestOwed)}</div> : null}</td>
    <td>{dropped.length === 0 ? <span class="dim">none</span> : dropped.map(([reason, count]) => <div class="error" key={reason}>{count} {reason.replaceAll("_", " ")}</div>)}</td></tr>;
}

export function ReceiversOfAlerts() {
  const {data, error} = usePoll(ask, 5000);
  return <section><h2>Who is told</h2>
    {error && <p class="note error" role="alert">{error}</p>}
    {data?.store.fault && <p class="note error" role="alert">States and silences are not kept over a restart: {data.store.fault}</p>}
    {data?.receivers.length === 0 && <p class="note">Nobody: alerts are seen on this page only. Name an <code>[[alertmanager]]</code> or a <code>[[webhook]]</code> in the configuration.</p>}
    {data && data.receivers.length > 0 && <table><thead><tr><th>receiver</th><th>kind</th><th>state</th><th>last told</th><th class="number">told</th><th class="number">waits</th><th>given up</th></tr></thead>
      <tbody>{data.receivers.map((one) => <Row key={one.name} one={one} />)}</tbody></table>}
  </section>;
}
