import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import t from "tap"
import { parse } from "yaml"
import { openDaemon } from "../../src/daemon.ts"
import { systemClock } from "../../src/lib/clock.ts"

/** What documentation and alerts name must exist; that each alert fires and resolves is promtool's to say. */
interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string
      readonly expr: string
      readonly annotations: Record<string, string>
    }[]
  }[]
}
const rules = (parse(readFileSync("config/prometheus/lockstep.rules.yml", "utf8")) as Rules).groups.flatMap(
  (group) => group.rules,
)
const runbook = readFileSync("config/prometheus/RUNBOOK.md", "utf8")
interface UnitTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[]
  }[]
}
const unitTests = parse(readFileSync("test/packaging/lockstep.rules.test.yml", "utf8")) as UnitTests
interface Dashboard {
  readonly panels: readonly {
    readonly id: number
    readonly title: string
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
    readonly targets: readonly { readonly expr: string }[]
  }[]
  readonly templating: { readonly list: readonly { readonly query: string }[] }
}
const dashboard = JSON.parse(readFileSync("config/grafana/lockstep.json", "utf8")) as Dashboard
const shown = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))

async function metricsOfADaemon(folder: string): Promise<string> {
  const configPath = join(folder, "lockstep.yaml")
  const sources = [{ name: "a", url: "http://127.0.0.1:9/a.git", interval: "1h" }]
  const workspaces = [{ name: "default", apiUrl: "http://127.0.0.1:9/api" }]
  writeFileSync(
    configPath,
    JSON.stringify({
      installation: "x",
      workspaces,
      server: { listen: "127.0.0.1:0" },
      stateDir: join(folder, "state"),
      sources,
    }),
  )
  const log = { level: "silent", format: "json", out: { write: () => undefined } } as const
  await using daemon = await openDaemon({ configPath, environment: {}, clock: systemClock, log })
  return (await fetch(`${daemon.address}/metrics`)).text()
}

t.test("every metric that rules, runbook, README and dashboard name exists in a running daemon", async (t) => {
  const metrics = await metricsOfADaemon(t.testdir())
  const families = new Set([...metrics.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name))
  const texts = [rules.map(({ expr }) => expr).join("\n"), runbook, readFileSync("README.md", "utf8"), ...shown].join(
    "\n",
  )
  const named = new Set(
    [...texts.matchAll(/\b(?:lockstep|nodejs|process)_[a-z0-9_]+/g)].map(([name]) =>
      name.replace(/_(bucket|sum|count)$/, ""),
    ),
  )
  t.ok(named.size >= 18)
  t.strictSame(
    [...named].filter((name) => !families.has(name)),
    [],
  )
})

t.test("every alert has a summary, a runbook paragraph that it links to, and a unit test", async (t) => {
  t.equal(rules.length, 15)
  for (const { alert, annotations } of rules) {
    t.match(runbook, new RegExp(`^## ${alert}$`, "m"), alert)
    t.match(annotations["runbook_url"], /^\{\{ with \$externalLabels\.runbook_base \}\}.*https:\/\/.*#\w+$/)
    t.ok(annotations["runbook_url"]?.endsWith(`#${alert.toLowerCase()}`), alert)
    t.ok(annotations["summary"] && annotations["description"], alert)
    const fires = unitTests.tests
      .flatMap((one) => one.alert_rule_test)
      .filter(({ alertname }) => alertname === alert)
      .map(({ exp_alerts: expected }) => expected.length > 0)
    t.strictSame(
      [fires[0], fires.includes(true), fires.at(-1)],
      [false, true, false],
      `${alert}: not yet, firing, over`,
    )
  }
})

t.test(
  "the dashboard's panels are numbered, titled, side by side, and show all sources or the chosen ones",
  async (t) => {
    const { panels, templating } = dashboard
    t.strictSame(new Set(panels.map(({ id }) => id)).size, panels.length)
    t.match(templating.list[1]?.query, "label_values(lockstep_source_ready, source)")
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
    )
    t.equal(new Set(cells).size, cells.length, "none covers another")
    t.ok(panels.every(({ title, gridPos: { x, w } }) => title !== "" && x + w <= 24))
  },
)
