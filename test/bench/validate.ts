import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/**
 * `npm run bench:validate`: wall time of the whole process, `lockstep validate` over a generated folder without a
 * repository, and what of it is Node's own start. Sizes and repetitions as arguments: `node test/bench/validate.ts 500 9`.
 */
const [manifests = 500, times = 7] = process.argv.slice(2).map(Number)
const folder = mkdtempSync(join(tmpdir(), "lockstep-bench-"))

for (let n = 0; n < manifests; n++) {
  const team = join(folder, `team-${n % 20}`, `project-${n}`)
  mkdirSync(join(team, "flows"), { recursive: true })
  writeFileSync(join(team, "prefect.yaml"), manifest(n))
  writeFileSync(join(team, "flows", "etl.py"), flow(n))
}

const options: readonly (readonly [string, readonly string[]])[] = [
  ["node alone", ["-e", "0"]],
  ["lockstep --version", ["src/lockstep.js", "--version"]],
  ["lockstep validate, 1 manifest", ["src/lockstep.js", "validate", join(folder, "team-0", "project-0")]],
  [`lockstep validate, ${manifests} manifests`, ["src/lockstep.js", "validate", folder]],
]
console.log("| what | CPU, s | wall: best, s | median, s |\n|---|---:|---:|---:|")
for (const [what, args] of options) {
  const runs = Array.from({ length: times }, () => measured(args))
  const [cpu, wall] = [ascending(runs.map(({ cpuS }) => cpuS)), ascending(runs.map(({ wallS }) => wallS))]
  const cells = [cpu[0], wall[0], wall[Math.floor(times / 2)]].map((seconds = 0) => seconds.toFixed(2))
  console.log(`| ${[what, ...cells].join(" | ")} |`)
}
rmSync(folder, { recursive: true })

/** CPU time is the process's own account, so what else the machine does counts less in it. */
function measured(args: readonly string[]): { readonly wallS: number; readonly cpuS: number } {
  const account = "process.on('exit',()=>{const{user,system}=process.cpuUsage();console.error('cpu',user+system)})"
  const started = performance.now()
  const watched = ["--import", `data:text/javascript,${encodeURIComponent(account)}`, ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, watched, { encoding: "utf8" })
  const wallS = (performance.now() - started) / 1000
  if (status !== 0) throw new Error(`exit ${status}: ${stdout}${stderr}`)
  return { wallS, cpuS: Number(/^cpu (\d+)$/m.exec(stderr)?.[1]) / 1e6 }
}

function ascending(numbers: readonly number[]): readonly number[] {
  return numbers.toSorted((a, b) => a - b)
}

/** As people write them: an anchor, three deployments, schedules, parameters, job variables. */
function manifest(n: number): string {
  const names = ["hourly", "daily", "backfill"]
  const deployments = names.map(
    (name, i) => `  - name: ${name}-${n}
    entrypoint: flows/etl.py:etl_${i}
    description: Loads part ${i} of project ${n}.
    tags: [team-${n % 20}, ${name}]
    schedules:
      - cron: "${i} ${n % 24} * * *"
        timezone: Europe/Berlin
        slug: ${name}
    parameters:
      limit: ${n}
      tables: [orders, customers]
    work_pool:
      <<: *pool
      job_variables:
        image: registry.example.com/etl:1.${n}
        env: { STAGE: prod, PART: "${i}" }
`,
  )
  return `name: project-${n}
prefect-version: 3.8.8

definitions:
  pool: &pool
    name: k8s-prod
    work_queue_name: default

pull:
  - prefect.deployments.steps.git_clone:
      repository: https://git.example.com/data/project-${n}.git
      branch: main

deployments:
${deployments.join("")}`
}

function flow(n: number): string {
  const flows = [0, 1, 2].map(
    (i) => `
@task(retries=3)
def load_${i}(table: str, limit: int) -> int:
    """Loads one table."""
    rows = [row for row in range(limit) if row % 2 == 0]
    return len(rows)


@flow(name="etl-${n}-${i}", log_prints=True)
def etl_${i}(limit: int = 10, tables: list[str] | None = None, mode: Literal["full", "delta"] = "full") -> None:
    """Loads the tables.

    Args:
        limit: How many rows of each.
        tables: Which ones; all of them when none is named.
        mode: Everything, or what is new.
    """
    for table in tables or ["orders"]:
        print(table, load_${i}(table, limit))
`,
  )
  return `from typing import Literal

from prefect import flow, task

${flows.join("\n")}`
}
