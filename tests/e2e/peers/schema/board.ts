// SPDX-License-Identifier: Apache-2.0
// A dashboard as Grafana's own package describes it, for JSON: its enumerations by their values, each kind of panel with its
// own options, and the fields of the Prometheus data source, which the package leaves out. `satisfies Board` also refuses
// what no type has.
import type {AnnotationQuery, Dashboard, DataSourceRef, FieldConfigSource, Panel, RowPanel, VariableModel} from "@grafana/schema";
import type * as Heatmap from "@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen";
import type * as Stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as Table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as TimeSeries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

// "absolute" where the type says ThresholdsMode.Absolute, 1 where it says VariableSort.alphabeticalAsc.
type Plain<T> =
  unknown extends T ? T
  : T extends string ? `${T}`
  : T extends number ? (`${T}` extends `${infer N extends number}` ? (number extends N ? T : N) : T)
  : T extends boolean | null | undefined ? T
  : T extends Array<infer U> ? Array<Plain<U>>
  : {[K in keyof T]: Plain<T[K]>};

// Of the Prometheus data source (its package is not published): what the query editor writes.
interface PrometheusQuery {
  datasource: DataSourceRef;
  editorMode: "code" | "builder";
  expr: string;
  legendFormat: string;
  refId: string;
  range: boolean;
  instant: boolean;
  format: "time_series" | "table" | "heatmap";
  exemplar?: boolean;
}

type Of<Type extends string, Options, Custom> =
  Omit<Panel, "type" | "options" | "fieldConfig" | "targets"> &
  {type: Type; options: Options; fieldConfig: FieldConfigSource<Custom>; targets: PrometheusQuery[]};

// Options that later Grafanas fill in by themselves.
type Later = "percentChangeColorMode" | "showPercentChange" | "wideLayout" | "showValue" | "frameIndex" | "disableKeyboardEvents";
type Without<T, K extends PropertyKey> = Omit<T, K> & Partial<Pick<T, K & keyof T>>;

type BoardPanel =
  | Of<"stat", Without<Stat.Options, Later>, Record<string, never>>
  | Of<"timeseries", TimeSeries.Options, Partial<TimeSeries.FieldConfig>>
  | Of<"heatmap", Without<Heatmap.Options, Later>, Partial<Heatmap.FieldConfig>>
  | Of<"table", Without<Table.Options, Later>, Partial<Table.FieldConfig>>;
type BoardRow = Omit<RowPanel, "panels" | "type"> & {type: "row"; panels: BoardPanel[]};

type BoardAnnotation = AnnotationQuery & {expr?: string; step?: string; titleFormat?: string; textFormat?: string};
type BoardVariable = VariableModel & {definition?: string};

export type Board = Plain<
  Omit<Dashboard, "id" | "panels" | "annotations" | "templating"> & {
    panels: Array<BoardPanel | BoardRow>;
    annotations: {list: BoardAnnotation[]};
    templating: {list: BoardVariable[]};
  }
> & {id: null};
