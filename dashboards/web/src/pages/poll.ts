// SPDX-License-Identifier: Apache-2.0
// Data that a page asks for again and again; what was there stays while a newer answer is on its way or fails. An agent
// that does not answer is asked again soon, also by what asks only once.
import {useEffect, useState} from "preact/hooks";
import {AWAY_MS, isAway} from "../api";

export interface Polled<T> { data: T | null; error: string; again(): void }

export function usePoll<T>(ask: (signal: AbortSignal) => Promise<T>, everyMs: number, keys: unknown[] = []): Polled<T> {
  const [state, setState] = useState<{data: T | null; error: string}>({data: null, error: ""});
  const [count, setCount] = useState(0);
  useEffect(() => {
    const give_up = new AbortController();
    let timer = 0;
    const next = (afterMs: number) => { if (!give_up.signal.aborted && afterMs) timer = window.setTimeout(run, afterMs); };
    const run = () => ask(give_up.signal).then((data) => {
      setState({data, error: ""});
      next(everyMs);
    }, (error: Error) => {
      if (give_up.signal.aborted) return;
      setState((before) => ({data: before.data, error: error.message}));
      next(isAway(error) ? Math.min(AWAY_MS, everyMs || AWAY_MS) : everyMs);
    });
    run();
    return () => { give_up.abort(); clearTimeout(timer); };
  }, [count, everyMs, ...keys]);
  return {...state, again: () => setCount(count + 1)};
}
