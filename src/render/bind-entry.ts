import picomatch from "picomatch"
import type { JsonObject } from "../core/json.ts"
import type { Field } from "../core/field.ts"
import { fieldNames, fieldOf } from "../core/fields.ts"
import { deploymentKey } from "../core/model.ts"
import type {
  DesiredDeployment,
  DesiredFields,
  DeploymentKey,
  Location,
  Problem,
  Revision,
  Value,
} from "../core/model.ts"
import type { Source } from "../core/source.ts"
import type { IndexedEntry } from "./index.ts"
import type { Inputs } from "./inputs.ts"
import { imagesOf, whyUnverified } from "./images.ts"
import { readAutomations } from "./manifest/automations.ts"
import { stepKeys, strangeSteps } from "./manifest/entries.ts"
import { checkKeys } from "./manifest/keys.ts"
import { EntryReader } from "./manifest/reader.ts"
import { problem } from "./manifest/rules.ts"
import { stepOutputs } from "./manifest/steps.ts"
import { readTags } from "./manifest/tags.ts"
import { isOpen, type Names } from "./manifest/placeholders.ts"
import { readConcurrency, readSchedules } from "./manifest/values.ts"
import type { Wrapper } from "../python/reading.ts"
import { warnOfInexact } from "./inexact.ts"
import { checkParameters, schemaFields } from "./parameters.ts"
import { clones, pullSteps } from "./pull.ts"

/** One entry, bound. Without a deployment it has a problem; with a key even then, it is known what not to touch. */
export interface BoundEntry {
  readonly at: Location
  readonly key: DeploymentKey | null
  readonly deployment: DesiredDeployment | null
  readonly problems: readonly Problem[]
  /** Images of the build that it names. */
  readonly images: readonly string[]
}

const absent = { kind: "absent" } as const
/** Prefect's server answers 500 to these in a name. */
const refusedInNames = /[/%&<>]/

export function bindEntry(entry: IndexedEntry, revision: Revision, inputs: Inputs, source: Source): BoundEntry {
  const names = namesFor(entry, revision, inputs, source)
  const reader = new EntryReader(entry.manifest, entry.node, names)
  checkKeys(reader)
  reader.problems.push(...problemsOf(entry))
  const flow = flowName(entry, reader)
  const name = deploymentName(reader, source)
  const key = flow !== null && name !== null ? deploymentKey(flow, name) : null
  const images = imagesOf(reader, source)
  const unverified = unverifiedImage(reader, images, source, inputs)
  const fields = { ...readFields(entry, reader, source), ...jobFields(reader, source, unverified) }
  checkParameters(entry, reader, fields)
  warnOfInexact(entry.flow, reader)
  const pull = key === null ? absent : pullSteps(entry, key, { source, inputs, names, revision, reader, unverified })
  checkSteps(entry, reader)
  checkPull(pull, reader, source)
  if (key !== null && flow !== null) checkScope(reader, flow, fields, source)
  const problems = key === null ? reader.problems : reader.problems.map((found) => ({ ...found, key }))
  if (reader.failed || key === null || flow === null || name === null)
    return { at: entry.at, key, deployment: null, problems, images }
  const whole = { ...plainFields(reader, fields), ...fields, pullSteps: pull }
  const deployment = { key, flow, name, at: entry.at, fields: whole, createWaits: withKey(unverified, key) }
  return { at: entry.at, key, deployment, problems, images }
}

function namesFor(entry: IndexedEntry, revision: Revision, inputs: Inputs, source: Source): Names {
  const { env, variables, branch } = inputs
  const { shortHash, stepOutputs: given } = source.rendering
  const found = stepOutputs([entry.build, entry.push], { env, variables }, { revision, branch, shortHash, given })
  return { env, variables, ...found }
}

function problemsOf({ flow, flowProblem }: IndexedEntry): readonly Problem[] {
  if (flowProblem) return [flowProblem]
  return flow?.wrapper ? [wrapped(flow.wrapper)] : []
}

function wrapped({ name, certain, at }: Wrapper): Problem {
  const what = certain ? "makes something else of the flow" : "may hand back something else than the flow"
  const message = `\`@${name}\` above \`@flow\` ${what}, and \`prefect deploy\` takes flows only: put \`@flow\` on top`
  return problem("flow-wrapped", message, at)
}

function withKey(found: Problem | null, key: DeploymentKey): Problem | null {
  return found && { ...found, key }
}

function unverifiedImage(
  reader: EntryReader,
  images: readonly string[],
  source: Source,
  inputs: Inputs,
): Problem | null {
  const message = whyUnverified(images, source, inputs)
  if (message === null) return null
  const found = problem("image-unverified", message, reader.place("work_pool"))
  // With `hold` that is the rule, and no news; with `registry` somebody waits for it.
  if (source.rendering.images === "registry") reader.problems.push(found)
  return found
}

/** Read from the flow; a wrong name would make a second deployment beside the right one, so it is never guessed. */
function flowName(entry: IndexedEntry, reader: EntryReader): string | null {
  const hint = reader.text("flow_name")
  const given = hint.kind === "declared" ? hint.value : null
  const read = entry.flow?.name ?? null
  if (read === null) return given
  if (read.decided) {
    if (given !== null && given !== read.value && !isOpen(given)) {
      reader.find(
        "flow-name-differs",
        `flow_name is "${given}", but the flow's name is "${read.value}", which counts`,
        "flow_name",
      )
    }
    return read.value
  }
  if (given !== null) return given
  const { file, line } = read.at
  reader.find(
    "flow-name-undecided",
    `the flow's name can't be known without running it (${read.reason}, ${file}:${line}): give flow_name`,
    "entrypoint",
  )
  return null
}

function deploymentName(reader: EntryReader, { rendering }: Source): string | null {
  const value = reader.text("name")
  if (value.kind !== "declared" || value.value === null || value.value === "") {
    if (!reader.problems.some(({ message }) => message.startsWith("`name`"))) {
      reader.find("name-missing", "this entry needs `name:`", "name")
    }
    return null
  }
  const name = withoutSuffix(value.value) + (rendering.overrides.nameSuffix ?? "")
  if (refusedInNames.test(name)) {
    reader.find("name-invalid", `the name "${name}" has one of / % & < >, which Prefect refuses`, "name")
    return null
  }
  return name
}

/** `prefect deploy` takes a name that ends in `.py` for a file's, and leaves its stem. */
function withoutSuffix(name: string): string {
  if (!name.endsWith(".py")) return name
  const file = name.slice(name.lastIndexOf("/") + 1)
  return file === ".py" ? file : file.slice(0, -".py".length)
}

/** The fields of which nothing more is to be known than their key and their type. */
function plainFields(reader: EntryReader, others: Partial<DesiredFields>): DesiredFields {
  const read = fieldNames
    .filter((name) => others[name] === undefined)
    .map((name) => [name, plainField(reader, fieldOf(name))] as const)
  return Object.fromEntries(read) as unknown as DesiredFields
}

function plainField(reader: EntryReader, { key, type }: Pick<Field<unknown>, "key" | "type">): Value<unknown> {
  if (key === null || type === null || type === "list") return absent
  const path = key.split(".")
  const place = path.slice(0, -1).reduce<EntryReader | null>((within, part) => within?.below(part) ?? null, reader)
  const last = path.at(-1) ?? ""
  return place === null ? absent : type === "object" ? place.object(last, "plain") : place[type](last)
}

function readFields(entry: IndexedEntry, reader: EntryReader, { rendering }: Source) {
  const { overrides } = rendering
  if (reader.has("sla"))
    reader.find("sla-not-managed", "`sla` isn't managed: it is left as it is in Prefect Cloud", "sla")
  const paused =
    overrides.paused === null ? reader.boolean("paused") : ({ kind: "declared", value: overrides.paused } as const)
  return {
    description: description(entry, reader),
    version: version(reader),
    tags: readTags(reader, overrides),
    paused,
    entrypoint: reader.text("entrypoint"),
    parameters: reader.object("parameters", "plain"),
    ...schemaFields(entry, reader),
    ...readConcurrency(reader),
    schedules: readSchedules(reader),
    automations: readAutomations(reader, overrides.nameSuffix ?? ""),
  } satisfies Partial<DesiredFields>
}

const versionTypes = ["prefect:simple", "vcs:github", "vcs:gitlab", "vcs:bitbucket", "vcs:azuredevops", "vcs:git"]

/** An empty one is none to Prefect, too. Its type says where Prefect looks for one; it refuses others than these. */
function version(reader: EntryReader): Value<string | null> {
  const type = reader.text("version_type")
  if (type.kind === "declared" && type.value && !versionTypes.includes(type.value) && !isOpen(type.value))
    reader.find("wrong-type", `\`version_type\` must be one of ${versionTypes.join(", ")}`, "version_type")
  const declared = reader.text("version")
  return declared.kind === "declared" && !declared.value ? absent : declared
}

/** The manifest's, else the flow's own (also for an empty one); with neither it is left alone. */
function description(entry: IndexedEntry, reader: EntryReader): Value<string | null> {
  const written = reader.text("description")
  if (written.kind === "declared" && written.value) return written
  const declared = written.kind === "declared" ? ({ kind: "declared", value: null } as const) : written
  const read = entry.flow?.description
  if (!read) return declared
  if (!read.decided) return { kind: "undecided", reason: read.reason }
  return read.value === null ? declared : { kind: "derived", value: read.value }
}

/** Work pool, queue and job variables, with the source's overrides; an unverified image leaves the live values. */
function jobFields(reader: EntryReader, { rendering }: Source, unverified: Problem | null) {
  const { overrides } = rendering
  const pool = reader.below("work_pool")
  const queue = pool ? queueName(pool) : absent
  const variables = pool?.object("job_variables", "job") ?? absent
  return {
    workPool: { kind: "declared", value: workPoolName(reader, pool, overrides.workPool) } as const,
    workQueue: overrides.workQueue === null ? queue : ({ kind: "declared", value: overrides.workQueue } as const),
    jobVariables:
      unverified === null
        ? withOverrides(variables, overrides.jobVariables)
        : ({ kind: "undecided", reason: unverified.message } as const),
  }
}

/** An empty one is the pool's default queue, as none is. */
function queueName(pool: EntryReader): Value<string | null> {
  const written = pool.text("work_queue_name")
  return written.kind === "declared" ? { ...written, value: written.value || null } : written
}

function workPoolName(reader: EntryReader, pool: EntryReader | null, over: string | null): string | null {
  const name = pool?.text("name") ?? absent
  const chosen = over ?? (name.kind === "declared" ? name.value : null)
  if (chosen) return chosen
  reader.find("work-pool-missing", "this entry needs `work_pool: { name: … }`, or the source an override", "work_pool")
  return null
}

/** Merged one level deep: `env` of the overrides adds to the manifest's `env`. */
function withOverrides(variables: Value<JsonObject>, over: JsonObject): Value<JsonObject> {
  if (Object.keys(over).length === 0) return variables
  const own = variables.kind === "declared" ? variables.value : {}
  const merged = Object.entries(over).map(([key, value]) => [key, mergeOne(own[key], value)])
  return { kind: "declared", value: { ...own, ...(Object.fromEntries(merged) as JsonObject) } }
}

function mergeOne(own: JsonObject[string] | undefined, over: JsonObject[string]): JsonObject[string] {
  const maps = isMap(own) && isMap(over)
  return maps ? { ...own, ...over } : over
}

function isMap(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function checkSteps({ manifest, ...entry }: IndexedEntry, reader: EntryReader): void {
  for (const { message, node } of stepKeys.flatMap((key) => strangeSteps(key, entry[key])))
    reader.problems.push(problem("wrong-type", message, { file: manifest, ...node.at }))
}

function checkPull(pull: DesiredFields["pullSteps"], reader: EntryReader, { remote }: Source): void {
  if (pull.kind === "derived" && remote.credentials && clones(pull.value)) {
    const message =
      "no `pull` is given, so a git_clone without credentials is injected, and the repository needs some: add a pull section with a credentials block"
    reader.find("pull-without-credentials", message, "entrypoint")
  }
}

function checkScope(
  reader: EntryReader,
  flow: string,
  fields: Pick<DesiredFields, "workPool">,
  { scope }: Source,
): void {
  const pool = fields.workPool.kind === "declared" ? fields.workPool.value : null
  if (scope.flows.length > 0 && !isOpen(flow) && !picomatch.isMatch(flow, [...scope.flows])) {
    reader.find(
      "out-of-scope",
      `the source's scope allows the flows ${scope.flows.join(", ")}, not "${flow}"`,
      "entrypoint",
    )
  }
  if (pool !== null && scope.workPools.length > 0 && !isOpen(pool) && !picomatch.isMatch(pool, [...scope.workPools])) {
    reader.find(
      "out-of-scope",
      `the source's scope allows the work pools ${scope.workPools.join(", ")}, not "${pool}"`,
      "work_pool",
    )
  }
}
