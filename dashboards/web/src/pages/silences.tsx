// SPDX-License-Identifier: Apache-2.0
// Silences, in the words of Alertmanager's API: which cover an alert, making one, ending one, what is over.
import {useState} from "preact/hooks";
import {change, text} from "../api";
import type {Labels} from "../api";
import {ago, clock, durationText} from "../time";

export interface Matcher { name: string; value: string; isRegex?: boolean; isEqual?: boolean }
export interface Silence { id: string; status: {state: string}; matchers: Matcher[]; startsAt: string; endsAt: string; createdBy: string; comment: string }

export const askSilences = async (signal: AbortSignal) => JSON.parse(await text("/api/v2/silences", signal)) as Silence[];

const LENGTHS: [string, number][] = [["1 hour", 3_600_000], ["4 hours", 14_400_000], ["1 day", 86_400_000], ["1 week", 604_800_000]];

function fits(matcher: Matcher, labels: Labels): boolean {
  const value = labels[matcher.name] ?? "";
  let same: boolean;
  try {
    same = matcher.isRegex ? new RegExp(`^(?:${matcher.value})$`).test(value) : value === matcher.value;
  } catch {
    return false;  // a pattern that only RE2 knows
  }
  return same === (matcher.isEqual ?? true);
}

/** The silence in force that covers these labels and lasts the longest. */
export const covering = (silences: Silence[], labels: Labels): Silence | undefined =>
  silences.filter((one) => one.status.state === "active" && one.matchers.every((matcher) => fits(matcher, labels)))
    .sort((a, b) => Date.parse(b.endsAt) - Date.parse(a.endsAt))[0];

export const matcherText = ({name, value, isRegex, isEqual = true}: Matcher) => `${name}${isRegex ? (isEqual ? "=~" : "!~") : (isEqual ? "=" : "!=")}${JSON.stringify(value)}`;

/** One click silences this very alert for an hour; more is chosen in the list beside. */
export function SilenceButton({labels, done}: {labels: Labels; done(error: string): void}) {
  const [length, setLength] = useState(LENGTHS[0][1]);
  const [comment, setComment] = useState("");
  const [open, setOpen] = useState(false);
  const silence = () => {
    const now = Date.now();
    change("/api/v2/silences", "POST", {
      matchers: Object.entries(labels).map(([name, value]) => ({name, value, isRegex: false, isEqual: true})),
      startsAt: new Date(now).toISOString(), endsAt: new Date(now + length).toISOString(), createdBy: "page", comment: comment || "silenced on the page",
    }).then(() => { setOpen(false); done(""); }, (error: Error) => done(error.message));
  };
  return <form class="silence" onSubmit={(event) => { event.preventDefault(); silence(); }}>
    {open && <><input aria-label="why" placeholder="why (others will read it)" value={comment} onInput={(event) => setComment(event.currentTarget.value)} />
      <select aria-label="for how long" value={length} onChange={(event) => setLength(Number(event.currentTarget.value))}>
        {LENGTHS.map(([name, ms]) => <option key={ms} value={ms}>{name}</option>)}</select></>}
    <button type="submit">silence {open ? "" : "1 hour"}</button>
    {!open && <button type="button" class="icon" title="longer, and why" aria-label="silence for longer" onClick={() => setOpen(true)}>…</button>}
  </form>;
}

export function Silences({list, again}: {list: Silence[]; again(): void}) {
  const [error, setError] = useState("");
  const [all, setAll] = useState(false);
  const over = list.filter((one) => one.status.state === "expired").length;
  const shown = list.filter((one) => all || one.status.state !== "expired");
  return <section><h2>Silences</h2>{error && <p class="note error" role="alert">{error}</p>}
    {shown.length === 0 && <p class="note">Nothing is silenced. The button beside an alert silences it for an hour; <code>tocsin silence</code> and amtool make any other.</p>}
    {shown.length > 0 && <table><thead><tr><th>matches</th><th>state</th><th>until</th><th>by</th><th>why</th><th aria-label="actions" /></tr></thead><tbody>{shown.map((one) => <tr key={one.id} data-silence={one.status.state}>
      <td><span class="labels">{one.matchers.map((matcher) => <code key={matcher.name}>{matcherText(matcher)}</code>)}</span></td><td>{one.status.state}</td>
      <td>{clock(Date.parse(one.endsAt), true)} <span class="dim">{Date.parse(one.endsAt) > Date.now() ? `in ${durationText(Date.parse(one.endsAt) - Date.now()).replace(/(\d+[dhm]\d+[hms]).*/, "$1")}` : ago(Date.parse(one.endsAt))}</span></td>
      <td>{one.createdBy}</td><td>{one.comment}</td>
      <td>{one.status.state !== "expired" && <button onClick={() => change(`/api/v2/silence/${one.id}`, "DELETE").then(() => { setError(""); again(); }, (e: Error) => setError(e.message))}>end</button>}</td></tr>)}</tbody></table>}
    {over > 0 && <button class="quiet" onClick={() => setAll(!all)}>{all ? "hide those that are over" : `show ${over} that ${over === 1 ? "is" : "are"} over`}</button>}
  </section>;
}
