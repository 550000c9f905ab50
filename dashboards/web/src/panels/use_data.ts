// SPDX-License-Identifier: Apache-2.0
// What a panel's queries answer, asked again when the question or the time changes.
import {useEffect, useRef, useState} from "preact/hooks";
import {AWAY_MS} from "../api";
import {loadPanel} from "../frames";
import type {Context, PanelData} from "../frames";
import type {Panel} from "../model";

type Question = unknown[];
const same = (a: Question, b: Question) => a.every((one, at) => one === b[at]);

/** `stale`: the agent does not answer, and the data is what it last answered to this question. */
export interface Loaded { data: PanelData | null; loading: boolean; stale: boolean }

/** A refresh waits for an answer that is on its way: slow queries are drawn too; a question that has changed gives it up. */
export function useData(panel: Panel, context: Context, wanted: boolean): Loaded {
  const question: Question = [panel, context.scope, context.raw.from, context.raw.to];
  const [state, setState] = useState<{data: PanelData | null; question: Question; stale: boolean}>({data: null, question, stale: false});
  const [loading, setLoading] = useState(false);
  const latest = useRef({panel, context, question});
  latest.current = {panel, context, question};
  const asked = useRef<{question: Question; give_up: AbortController; again: boolean} | null>(null);
  const retry = useRef(0);

  const ask = () => {
    clearTimeout(retry.current);
    const mine = {question: latest.current.question, give_up: new AbortController(), again: false};
    asked.current = mine;
    setLoading(true);
    loadPanel(latest.current.panel, latest.current.context, mine.give_up.signal).then((data) => {
      setState((before) => data.away && before.data && !before.data.away && same(before.question, mine.question)
        ? {...before, stale: true} : {data, question: mine.question, stale: false});
      asked.current = null;
      if (mine.again) return ask();
      setLoading(false);
      if (data.away) retry.current = window.setTimeout(ask, AWAY_MS);
    }, () => undefined);  // given up: a newer question is on its way
  };
  useEffect(() => {
    if (!wanted) return;
    const before = asked.current;
    if (before && same(before.question, question)) {
      before.again = true;
      return;
    }
    before?.give_up.abort();
    ask();
  }, [wanted, ...question, context.range.from, context.range.to]);
  useEffect(() => () => {
    asked.current?.give_up.abort();
    clearTimeout(retry.current);
  }, []);
  return {data: state.data, loading, stale: state.stale};
}
