// SPDX-License-Identifier: Apache-2.0
// A box for a query with completion and history; its answer as a graph and as a table.
import {autocompletion, closeBrackets} from "@codemirror/autocomplete";
import {defaultKeymap, history, historyKeymap} from "@codemirror/commands";
import {HighlightStyle, bracketMatching, syntaxHighlighting} from "@codemirror/language";
import {EditorState, Prec} from "@codemirror/state";
import {EditorView, keymap, placeholder} from "@codemirror/view";
import {tags} from "@lezer/highlight";
import {PromQLExtension} from "@prometheus-io/codemirror-promql";
import {useEffect, useRef, useState} from "preact/hooks";
import {PanelBox} from "../panels/panel";
import type {Panel} from "../model";
import {explorePath, setParameters} from "../route";
import type {View} from "./dashboard";

const HISTORY_KEY = "tocsin-queries";
const KEPT = 50;

const colours = HighlightStyle.define([
  {tag: tags.string, color: "var(--string)"}, {tag: tags.number, color: "var(--number)"}, {tag: tags.function(tags.variableName), color: "var(--keyword)"},
  {tag: tags.keyword, color: "var(--keyword)"}, {tag: tags.modifier, color: "var(--keyword)"}, {tag: tags.labelName, color: "var(--name)"},
  {tag: tags.operator, color: "var(--dim)"}, {tag: tags.invalid, color: "var(--red)"}, {tag: tags.comment, color: "var(--dim)"},
]);

function remembered(): string[] {
  try {
    return JSON.parse(localStorage.getItem(HISTORY_KEY) ?? "[]");
  } catch {
    return [];
  }
}

function remember(expr: string): string[] {
  const list = [expr, ...remembered().filter((one) => one !== expr)].slice(0, KEPT);
  try {
    localStorage.setItem(HISTORY_KEY, JSON.stringify(list));
  } catch { /* a browser that keeps nothing: there is no history then */ }
  return list;
}

function QueryBox({expr, run}: {expr: string; run(expr: string): void}) {
  const box = useRef<HTMLDivElement>(null);
  const editor = useRef<EditorView | null>(null);
  useEffect(() => {
    const language = new PromQLExtension().setComplete({remote: {url: ""}}).activateLinter(true);
    // After the list of completions, before what the keys do in any other text.
    const ask = keymap.of([{key: "Enter", run: (view) => (run(view.state.doc.toString()), true)}, {key: "Shift-Enter", run: (view) => (view.dispatch(view.state.replaceSelection("\n")), true)}]);
    editor.current = new EditorView({
      parent: box.current!,
      state: EditorState.create({doc: expr, extensions: [
        Prec.high(ask), history(), bracketMatching(), closeBrackets(), autocompletion(), language.asExtension(),
        syntaxHighlighting(colours), EditorView.lineWrapping, keymap.of([...defaultKeymap, ...historyKeymap]),
        placeholder("a PromQL query, for example: sum by (server_name) (rate(server_request_total[5m]))"),
        EditorView.contentAttributes.of({"aria-label": "query"}),
      ]}),
    });
    editor.current.focus();
    return () => editor.current?.destroy();
  }, []);
  useEffect(() => {
    const view = editor.current;
    if (view && view.state.doc.toString() !== expr) view.dispatch({changes: {from: 0, to: view.state.doc.length, insert: expr}});
  }, [expr]);
  return <div class="query"><div class="editor" ref={box} /><button class="primary" onClick={() => run(editor.current!.state.doc.toString())}>run</button></div>;
}

const panelOf = (expr: string, type: "timeseries" | "table"): Panel => ({
  id: type === "table" ? 2 : 1, type, title: type === "table" ? "now" : "over time", gridPos: {x: 0, y: 0, w: 24, h: 10},
  targets: [{refId: "A", expr, instant: type === "table"}], fieldConfig: {defaults: {unit: "short", noValue: "the query answers nothing in this range", custom: {fillOpacity: 4, lineWidth: 1.5}}},
  options: {legend: {showLegend: true, displayMode: "list"}},
});

export function ExplorePage({view}: {view: View}) {
  const expr = view.route.parameters.get("expr") ?? "";
  const [queries, setQueries] = useState(remembered);
  const [panels, setPanels] = useState<Panel[]>([]);
  useEffect(() => {
    setPanels(expr ? [panelOf(expr, "timeseries"), panelOf(expr, "table")] : []);
    if (expr) setQueries(remember(expr));
  }, [expr]);
  const context = {range: view.range, raw: view.raw, scope: new Map(), tickSeconds: view.info.tickSeconds};
  return <div class="page-body explore"><h1>Explore</h1>
    <QueryBox expr={expr} run={(wanted) => setParameters({expr: wanted.trim() || null})} />
    {panels.map((panel) => <PanelBox key={`${panel.id}${expr}`} panel={panel} context={context} theme={view.theme} annotations={[]} height={panel.type === "table" ? 300 : 320}
      focused={false} onZoom={view.zoom} />)}
    {queries.length > 0 && <section><h2>Asked before</h2><ul class="history">{queries.map((one) => <li key={one}>
      <a href={explorePath(one)}><code>{one}</code></a></li>)}</ul></section>}
    {!expr && queries.length === 0 && <p class="note">Begin with a name: completion knows the meters that are there. <kbd>Enter</kbd> asks.</p>}
  </div>;
}
