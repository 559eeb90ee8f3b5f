import { fieldNames, fieldOf } from "../../core/fields.ts"
import { toldMax } from "./told.ts"
import type { EntryReader } from "./reader.ts"
import { nearest } from "../../core/nearest.ts"

/** Keys that say a field, as paths. */
const paths = fieldNames.flatMap((name) => {
  const { key } = fieldOf(name)
  return key === null ? [] : [key.split(".")]
})
/** What Prefect reads of an entry (`cli/deploy/_models.py: DeploymentConfig`), and what we read beyond it. */
export const entryKeys: readonly string[] = [
  "name",
  "schedule",
  ...new Set(paths.map(([key = ""]) => key)),
  "flow_name",
  "version_type",
  "build",
  "push",
  "pull",
  "sla",
  "parameter_openapi_schema",
]

/** What several keys share. */
const inDecorator = "set it in the flow's decorator"
const inSchedule = "put it in the schedule"
const asJobVariables = "Prefect 3 calls them `work_pool: { job_variables: … }`"

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
    timezone: inSchedule,
    active: inSchedule,
    day_or: inSchedule,
    anchor_date: inSchedule,
    slug: inSchedule,
    cron: "put it below `schedules:`",
    interval: "put it below `schedules:`",
    rrule: "put it below `schedules:`",
    collision_strategy: "give `concurrency_limit: { limit: …, collision_strategy: … }`",
    infrastructure: "Prefect 3 has work pools instead: give `work_pool:`",
    infra_overrides: asJobVariables,
    flow_variables: asJobVariables,
    grace_period_seconds: "give `concurrency_limit: { limit: …, collision_strategy: …, grace_period_seconds: … }`",
    max_active_runs: "give `concurrency_limit:`",
    catchup: "Prefect 3 has no catch-up",
    queue: "give `work_pool: { work_queue_name: … }`",
    storage: "Prefect 3 has pull steps instead: give `pull:`",
    manifest_path: "Prefect 3 has no such file: `entrypoint:` and `parameters:` stand here",
    path: "give the path in `entrypoint:`",
    flow: "give `entrypoint: path/to/file.py:function`",
    flow_location: "give `entrypoint: path/to/file.py:function`",
    environment: "give `work_pool: { job_variables: { env: … } }`",
    env: "give `work_pool: { job_variables: { env: … } }`",
    image: "give `work_pool: { job_variables: { image: … } }`",
    logging: `${inDecorator} or by environment variables`,
    retries: inDecorator,
    timeout_seconds: inDecorator,
    automations: "the key is `triggers`",
    labels: "prefect.yaml has no labels: use tags",
  }),
)

/** Mappings of an entry: what Prefect reads in them, and what people write instead. */
const nested: Readonly<Record<string, { known: readonly string[]; hints: ReadonlyMap<string, string> }>> = {
  work_pool: {
    known: paths.flatMap(([key, inner]) => (key === "work_pool" && inner !== undefined ? [inner] : [])),
    hints: new Map(
      Object.entries({
        work_queue: "the key is `work_queue_name`",
        queue: "the key is `work_queue_name`",
        queue_name: "the key is `work_queue_name`",
        work_pool_name: "the key is `name`",
        concurrency_limit: "a pool's limit is set on the pool",
        type: "a pool's type is set on the pool",
        base_job_template: "a pool's template is set on the pool",
        infra_overrides: "the key is `job_variables`",
        flow_variables: "the key is `job_variables`",
        env: "put it below `job_variables:`",
        image: "put it below `job_variables:`",
      }),
    ),
  },
  concurrency_limit: {
    known: ["limit", "collision_strategy", "grace_period_seconds"],
    hints: new Map(
      Object.entries({
        strategy: "the key is `collision_strategy`",
        max: "the key is `limit`",
        concurrency_limit: "the key is `limit`",
        grace_period: "the key is `grace_period_seconds`",
      }),
    ),
  },
}

/** One warning for each key that Prefect ignores, with the right one where it is known. */
export function checkKeys(entry: EntryReader): void {
  warnUnknown(entry, entryKeys, misplaced)
  for (const [key, { known, hints }] of Object.entries(nested)) {
    const below = entry.below(key)
    if (below) warnUnknown(below, known, hints)
  }
}

function warnUnknown(reader: EntryReader, known: readonly string[], hints: ReadonlyMap<string, string>): void {
  const unknown = reader.keys().filter((key) => !known.includes(key))
  for (const key of unknown.slice(0, toldMax)) {
    reader.find("unknown-key", `Prefect ignores \`${key}\` here${advice(key, known, hints)}`, key)
  }
}

/** What to write instead of a strange key, after a colon; nothing where that isn't known. */
export function advice(key: string, known: readonly string[], hints: ReadonlyMap<string, string> = new Map()): string {
  const hint = hints.get(key)
  const guess = hint === undefined ? nearest(key, known) : null
  return hint ? `: ${hint}` : guess ? `: did you mean \`${guess}\`?` : ""
}
