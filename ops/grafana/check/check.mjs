// Checks every dashboard against the types of @grafana/schema: the whole by `Dashboard`, each panel's options and field
// options by those of its plugin. It renders nothing; whether Grafana shows a dashboard well, only Grafana tells.

import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const here = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2] ?? join(here, "../dashboards");

/** The types that a panel's plugin names for its options, and for its field options where it has any. */
const plugins = {
  bargauge: ["BarGaugePanelCfg"],
  gauge: ["GaugePanelCfg"],
  stat: ["StatPanelCfg"],
  timeseries: ["TimeSeriesPanelCfg", "FieldConfig"],
};

const prelude = `
import type { DataQuery, Dashboard, FieldConfig, FieldConfigSource, Panel } from "@grafana/schema";

/** A type as JSON writes it: an enum by its values. Unknown keys are faults, except where the schema leaves all open. */
type Json<T> = T extends string ? \`\${T}\`
  : T extends number ? (\`\${T}\` extends \`\${infer N extends number}\` ? N : never)
  : T extends (infer U)[] ? Json<U>[]
  : T extends object ? { [K in keyof T]: Json<T[K]> }
  : T;

/** @grafana/schema has no type for queries of Prometheus; these are their fields in Grafana's own source. */
interface PrometheusQuery extends Pick<DataQuery, "refId" | "hide"> {
  datasource: { type: "prometheus"; uid: string };
  expr: string;
  legendFormat?: string;
  instant?: boolean;
  range?: boolean;
  format?: "time_series" | "table" | "heatmap";
}

type Only<Options, Custom> = Omit<Json<Panel>, "options" | "targets" | "fieldConfig"> & {
  id: number; title: string; description: string; gridPos: Json<Panel["gridPos"]>;
  options: Json<Options>;
  targets: [PrometheusQuery, ...PrometheusQuery[]];
  fieldConfig: Omit<Json<FieldConfigSource>, "defaults"> & {
    defaults: Omit<Json<FieldConfig>, "custom"> & { custom?: Json<Custom> };
  };
};
type Whole = Omit<Json<Dashboard>, "panels"> & { uid: string; title: string; panels: unknown[] };
`;

const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
if (files.length === 0) throw new Error(`no dashboards in ${folder}`);

const sources = new Map();
for (const name of files) {
  const dashboard = JSON.parse(readFileSync(join(folder, name), "utf8"));
  const { panels, ...rest } = dashboard;
  let text = prelude;
  for (const [type, [module]] of Object.entries(plugins)) {
    text += `import type * as ${type} from "@grafana/schema/dist/esm/raw/composable/${type}/panelcfg/x/${module}_types.gen";\n`;
  }
  text += `const whole: Whole = ${JSON.stringify({ ...rest, panels: [] }, null, 2)};\n`;
  for (const [at, panel] of panels.entries()) {
    const plugin = plugins[panel.type];
    if (!plugin) throw new Error(`${name}: no types are known for panels of type ${panel.type}`);
    const custom = plugin[1] ? `${panel.type}.${plugin[1]}` : "never";
    text += `// ${panel.title}\nconst panel${at}: Only<${panel.type}.Options, ${custom}> = ${JSON.stringify(panel, null, 2)};\n`;
  }
  sources.set(join(here, `${name}.ts`), text);
}

const options = {
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  target: ts.ScriptTarget.ES2022,
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
};
const host = ts.createCompilerHost(options);
const { readFile, fileExists, getSourceFile } = host;
host.readFile = (path) => sources.get(path) ?? readFile(path);
host.fileExists = (path) => sources.has(path) || fileExists(path);
host.getSourceFile = (path, language, ...more) =>
  sources.has(path) ? ts.createSourceFile(path, sources.get(path), language) : getSourceFile(path, language, ...more);

const program = ts.createProgram([...sources.keys()], options, host);
const faults = ts.getPreEmitDiagnostics(program);
if (faults.length > 0) {
  const format = { getCanonicalFileName: (path) => path, getCurrentDirectory: () => here, getNewLine: () => "\n" };
  console.error(ts.formatDiagnosticsWithColorAndContext(faults, format));
  process.exit(1);
}
console.log(`${files.length} dashboards fit the types of @grafana/schema; none was rendered`);
