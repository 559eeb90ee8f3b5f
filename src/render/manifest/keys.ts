import type { EntryReader } from "./reader.ts"
import { nearest } from "../../core/nearest.ts"

/** What Prefect reads of an entry (`cli/deploy/_models.py: DeploymentConfig`), and what we read beyond it. */
export const entryKeys: readonly string[] = [
  "name",
  "version",
  "version_type",
  "tags",
  "description",
  "schedule",
  "schedules",
  "paused",
  "concurrency_limit",
  "flow_name",
  "entrypoint",
  "parameters",
  "enforce_parameter_schema",
  "build",
  "push",
  "pull",
  "work_pool",
  "triggers",
  "sla",
  "parameter_openapi_schema",
]
const poolKeys = ["name", "work_queue_name", "job_variables"]

/** Keys that people write and Prefect ignores, with the right place for what they meant. */
const misplaced: ReadonlyMap<string, string> = new Map(
  Object.entries({
    job_variables: "put it below `work_pool:`",
    work_queue_name: "put it below `work_pool:`",
    work_queue: "give `work_pool: { work_queue_name: … }`",
    pool: "give `work_pool: { name: … }`",
    work_pool_name: "give `work_pool: { name: … }`",
    is_schedule_active: "use `active:` in the schedule",
    is_paused: "the key is `paused`",
    timezone: "put it in the schedule",
    active: "put it in the schedule",
    day_or: "put it in the schedule",
    cron: "put it below `schedules:`",
    interval: "put it below `schedules:`",
    collision_strategy: "give `concurrency_limit: { limit: …, collision_strategy: … }`",
    infrastructure: "Prefect 3 has work pools instead: give `work_pool:`",
    infra_overrides: "Prefect 3 calls them `work_pool: { job_variables: … }`",
    storage: "Prefect 3 has pull steps instead: give `pull:`",
    path: "give the path in `entrypoint:`",
    flow: "give `entrypoint: path/to/file.py:function`",
    flow_location: "give `entrypoint: path/to/file.py:function`",
    environment: "give `work_pool: { job_variables: { env: … } }`",
    env: "give `work_pool: { job_variables: { env: … } }`",
    image: "give `work_pool: { job_variables: { image: … } }`",
    logging: "set it in the flow's decorator or by environment variables",
    labels: "prefect.yaml has no labels: use tags",
  }),
)

const misplacedInPool: ReadonlyMap<string, string> = new Map([
  ["concurrency_limit", "a pool's limit is set on the pool"],
  ["type", "a pool's type is set on the pool"],
])

/** One warning for each key that Prefect ignores, with the right one where it is known. */
export function checkKeys(entry: EntryReader): void {
  warnUnknown(entry, entryKeys, misplaced)
  const pool = entry.below("work_pool")
  if (pool) warnUnknown(pool, poolKeys, misplacedInPool)
}

function warnUnknown(reader: EntryReader, known: readonly string[], hints: ReadonlyMap<string, string>): void {
  for (const key of reader.keys()) {
    if (known.includes(key)) continue
    const hint = hints.get(key)
    const guess = hint === undefined ? nearest(key, known) : null
    const advice = hint ? `: ${hint}` : guess ? `: did you mean \`${guess}\`?` : ""
    reader.find("unknown-key", `Prefect ignores \`${key}\` here${advice}`, key)
  }
}
