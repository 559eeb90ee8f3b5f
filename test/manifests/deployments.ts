import { execFile, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { jsonEqual, type Json, type JsonObject } from "../../src/core/json.ts"
import type { Problem } from "../../src/core/model.ts"
import type { SourceStatus } from "../../src/core/status.ts"
import { parseJson } from "../../src/prefect/json-text.ts"
import { desiredOf } from "../render/desired.ts"
import { automationsOf } from "../parity/automations.ts"
import { placeIn, type Code } from "../parity/place.ts"
import { openWorld, type TestDaemon, type World } from "../support/daemon.ts"
import type { PrefectVersion } from "../support/prefect/server.ts"
import { env, manifestCase, secret, stepOutputs, variables, type Case } from "./manifests.ts"

/**
 * The same manifests through real `prefect deploy` and through a real daemon, on a server each: all must come out equal,
 * or Lockstep says why not.
 */

/**
 * What Prefect refuses and Lockstep takes: keys of the file that neither uses, blocks that only the worker reads, dates
 * in the file's own steps, which in an entry's steps are texts to both, and paths that only Prefect on Windows finds.
 */
const lenient = [
  /^no entry: Invalid top-level fields in config file:\s+(?:• (?:name|prefect-version): Input should be a valid string\s+)+For/,
  /^ObjectNotFound: Block not found/,
  /^FileNotFoundError: .*'jobs\\\\etl\.py'/,
  /^ValueError: Unexpected template type '(?:date|datetime)'/,
]

type Verdict = "equal" | "both refuse" | "only Lockstep refuses" | "lenient" | "WRONG"
export interface Compared {
  readonly n: number
  readonly verdict: Verdict
  readonly manifest: string
  /** What differs, or who said what. */
  readonly why: string
}

type Answer = { readonly deployed: readonly string[] } | { readonly error: string }
const run = promisify(execFile)
const python = ".cache/prefect-3.8.8/bin/python"
const settings = { env, baseDir: "manifest", images: "trust", pullCommit: "none", stepOutputs } as const

interface Batch {
  readonly compared: readonly Compared[]
  /** What the daemon's second turn wrote. */
  readonly writes: readonly string[]
}

/** Servers with all that the manifests refer to. */
export async function openManifestWorld(version: PrefectVersion): Promise<World> {
  const world = await openWorld({ version, env: { PYTHONTZPATH: "" } })
  for (const [name, value] of Object.entries(variables)) await world.call("POST", "/variables/", { name, value })
  return world
}

/** The daemon alone: how many deployments it made, and what its second turn wrote. */
export async function settle(
  world: World,
  seed: number,
  count: number,
): Promise<{ made: number; writes: readonly string[] }> {
  const repository = world.repository("settle")
  repository.commit(filesOf(casesOf(seed, 0, count)))
  const writes = await reconcile(world, "settle", repository.url)
  return { made: (await liveByFlow(world)).size, writes }
}

/**
 * Manifests that take the place of others, and the same ones where nothing was before: what differs between the two. What
 * they leave open of a schedule stays as it was, so of schedules only when they fire is compared; parameters that Prefect
 * computes when they are patched, and not when they are created, aren't.
 */
export async function replaced(world: World, seed: number, count: number): Promise<Replaced> {
  const casesOf = (seed: number): ReadonlyMap<number, Case> =>
    new Map(Array.from({ length: count }, (_, n) => [n, manifestCase(seed, n, `d${n}`)] as const))
  const [before, after] = [casesOf(seed), casesOf(seed + 1)]
  const below = (folder: string, cases: ReadonlyMap<number, Case>): Files =>
    Object.fromEntries(
      Object.entries(filesOf(cases, (n) => `${folder}-${n}`)).map(([path, text]) => [`${folder}/${path}`, text]),
    )
  const repository = world.repository(`replaced-${seed}`)
  const { url } = repository
  await using daemon = await startDaemon(world, `replaced-${seed}`, url)
  repository.commit(below("old", before))
  await turn(daemon)
  const first = await liveByFlow(world)
  repository.commit({ ...below("old", after), ...below("fresh", after) })
  await turn(daemon)
  const writes = await writesOfTurn(world, daemon)
  const live = await liveByFlow(world)
  const both = [...after.keys()].flatMap((n) => {
    const [old, fresh] = [live.get(`old-${n}`), live.get(`fresh-${n}`)]
    const computed = show(fresh?.["parameters"] ?? null).includes("__prefect_kind")
    return old && fresh && first.has(`old-${n}`) && !computed ? [{ n, old, fresh }] : []
  })
  const differences = both.flatMap(({ n, old, fresh }) => {
    const [a, b] = [fresh, old].map((live) => firings(comparable(live, { folder: "/nowhere", url })))
    // They stand in folders of their own.
    const found = differ(a ?? {}, {
      ...b,
      pull_steps: JSON.parse(show(b?.["pull_steps"]).replace('"old/', '"fresh/')) as Json,
    })
    return found === "" ? [] : [`${n}: ${found}\n${before.get(n)?.manifest}\n${after.get(n)?.manifest}`]
  })
  return { compared: both.length, differences, writes }
}

interface Replaced {
  readonly compared: number
  readonly differences: readonly string[]
  readonly writes: readonly string[]
}

function firings(live: JsonObject): JsonObject {
  const schedules = (live["schedules"] as readonly JsonObject[]).map(
    ({ slug: _slug, active: _active, parameters: _parameters, anchor: _anchor, rrule, ...spec }) => ({
      ...spec,
      rule: typeof rrule === "string" ? rrule.replace(/^DTSTART:\w+\s+/, "") : null,
    }),
  )
  return { ...live, schedules: schedules.toSorted((a, b) => (show(a) < show(b) ? -1 : 1)) }
}

/** Manifests `from` to `from + count` of a seed through both at the same time, on a fresh server each. */
export async function compare(seed: number, from: number, count: number): Promise<Batch> {
  const cases = casesOf(seed, from, count)
  await using opened = new AsyncDisposableStack()
  const [ours, theirs] = (await Promise.all([openManifestWorld("3.8.8"), openManifestWorld("3.8.8")])).map((world) =>
    opened.use(world),
  ) as [World, World]
  const repository = ours.repository("parity")
  const files = filesOf(cases)
  repository.commit(files)
  const folder = mkdtempSync(join(tmpdir(), "lockstep-parity-"))
  opened.defer(() => rmSync(folder, { recursive: true, force: true }))
  // Not awaited synchronously: the Git server is in this process.
  await run("git", ["clone", "--quiet", repository.url, folder])
  const folders = [...cases.keys()].map((n) => join(folder, `c${n}`))
  const [answers, writes] = await Promise.all([
    deploy(folders, theirs.prefect.url),
    reconcile(ours, "parity", repository.url),
  ])
  const problems = problemsOf(files, repository.url)
  const [live, peers] = await Promise.all([liveByFlow(ours), liveByFlow(theirs)])
  const compared = [...cases].map(([n, { manifest }], index): Compared => {
    const facts = {
      answer: answers[index] as Answer,
      theirs: peers.get(flowName(n)) ?? null,
      ours: live.get(flowName(n)) ?? null,
      problems: problems.get(`c${n}/prefect.yaml`) ?? [],
    }
    return { n, manifest, ...judge(facts, { folder, url: repository.url }) }
  })
  return { compared, writes }
}

function casesOf(seed: number, from: number, count: number): ReadonlyMap<number, Case> {
  return new Map(Array.from({ length: count }, (_, index) => [from + index, manifestCase(seed, from + index)] as const))
}

function flowName(n: number): string {
  return `flow-${n}`
}

type Files = Readonly<Record<string, string>>

function filesOf(cases: ReadonlyMap<number, Case>, flow: (n: number) => string = flowName): Files {
  return Object.fromEntries(
    [...cases].flatMap(([n, { manifest, files }]) => [
      [`c${n}/prefect.yaml`, manifest],
      ...Object.entries(files(flow(n))).map(([path, text]) => [`c${n}/${path}`, text]),
    ]),
  )
}

/** Real `prefect deploy --all` in each folder, one after the other. */
export async function deploy(folders: readonly string[], apiUrl: string): Promise<readonly Answer[]> {
  const home = mkdtempSync(join(tmpdir(), "lockstep-parity-home-"))
  const child = spawn(python, [join(import.meta.dirname, "deploy.py")], {
    env: {
      ...env,
      PATH: process.env["PATH"],
      HOME: home,
      PREFECT_HOME: home,
      PREFECT_API_URL: apiUrl,
      PREFECT_LOGGING_LEVEL: "CRITICAL",
      PREFECT_SERVER_ANALYTICS_ENABLED: "false",
      PYTHONTZPATH: "",
    },
    stdio: ["pipe", "pipe", "inherit"],
  })
  child.stdin.end(JSON.stringify({ folders, secret }))
  let output = ""
  for await (const chunk of child.stdout) output += String(chunk)
  rmSync(home, { recursive: true, force: true })
  return JSON.parse(output.trim().split("\n").at(-1) ?? "") as Answer[]
}

/** Two turns; what the second one wrote to deployments. */
async function reconcile(world: World, installation: string, url: string): Promise<readonly string[]> {
  await using daemon = await startDaemon(world, installation, url)
  await turn(daemon)
  return await writesOfTurn(world, daemon)
}

function startDaemon(world: World, installation: string, url: string): Promise<TestDaemon> {
  const workspace = { requests: { perSecond: 1000 } }
  return world.daemon({ installation, workspace, sources: [{ name: "main", url, ...settings }] })
}

/** What one more turn writes to deployments and automations. */
async function writesOfTurn(world: World, daemon: TestDaemon): Promise<readonly string[]> {
  const before = world.gateway.requests.length
  const { lastTurn } = await turn(daemon)
  // What Prefect refused is tried again, which writes nothing.
  const { keep: _keep, skip: _skip, ...done } = lastTurn?.changes ?? {}
  if (Object.values(done).every((count) => count === 0)) return []
  const asked = world.gateway.requests.slice(before).map(({ method, path }) => `${method} ${path}`)
  return asked.filter(
    (line) =>
      /\/(?:deployments|automations)/.test(line) && /^(?:PATCH|DELETE|PUT)|^POST (?!.*\/(?:filter|count)$)/.test(line),
  )
}

/** One whole turn, longer than a request may wait for it. */
async function turn(daemon: TestDaemon): Promise<SourceStatus> {
  for (;;) {
    const { status, body } = await daemon.api("POST", "/api/v1/sources/main/sync?wait=60s")
    if (status !== 202) return body as SourceStatus
  }
}

function problemsOf(files: Readonly<Record<string, string>>, url: string): ReadonlyMap<string, readonly Problem[]> {
  const desired = desiredOf(files, {
    rendering: settings,
    source: { remote: { url, credentials: null, caFile: null } },
    inputs: {
      env: new Map(Object.entries(env)),
      variables: new Map(Object.entries(variables) as [string, Json][]),
      branch: "main",
    },
  })
  return Map.groupBy(
    desired.problems.filter(({ severity }) => severity === "error"),
    ({ file = "" }) => file,
  )
}

async function liveByFlow(world: World): Promise<ReadonlyMap<string, JsonObject>> {
  const flows = new Map(
    (await pages(world, "/flows/filter")).map((flow) => [flow["id"] as string, flow["name"] as string]),
  )
  const deployments = await pages(world, "/deployments/filter")
  const automations = await pages(world, "/automations/filter")
  const whole = deployments.map((live) => ({ ...live, triggers: automationsOf(automations, live["id"] as string) }))
  return new Map(whole.map((live) => [flows.get((live as JsonObject)["flow_id"] as string) ?? "", live]))
}

async function pages(world: World, path: string): Promise<readonly JsonObject[]> {
  const all: JsonObject[] = []
  for (;;) {
    const response = await fetch(world.prefect.url + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ limit: 200, offset: all.length, sort: "CREATED_DESC" }),
    })
    const page = parseJson(await response.text()) as unknown as readonly JsonObject[]
    all.push(...page)
    if (page.length < 200) return all
  }
}

interface Facts {
  readonly answer: Answer
  readonly theirs: JsonObject | null
  readonly ours: JsonObject | null
  readonly problems: readonly Problem[]
}

function judge({ answer, theirs, ours, problems }: Facts, code: Code): Pick<Compared, "verdict" | "why"> {
  const said = problems.map(({ code, message, line, column }) => `${code} ${line}:${column} ${message}`).join("; ")
  const refusal = "error" in answer ? answer.error : theirs ? null : "nothing is there"
  if (ours === null)
    return {
      verdict: refusal === null ? "only Lockstep refuses" : "both refuse",
      why: said || `no problem told (Prefect: ${refusal})`,
    }
  if (theirs === null)
    return {
      verdict: lenient.some((form) => form.test(refusal ?? "")) ? "lenient" : "WRONG",
      why: `only Prefect refuses: ${refusal}`,
    }
  // At a trigger that the server refuses Prefect stops; Lockstep makes the other ones.
  const left: JsonObject = refusal === null ? {} : { triggers: [] }
  const differences = differ({ ...comparable(theirs, code), ...left }, { ...comparable(ours, code), ...left })
  return { verdict: differences === "" ? "equal" : "WRONG", why: differences }
}

const compared =
  "name description tags paused entrypoint parameters parameter_openapi_schema enforce_parameter_schema pull_steps job_variables work_pool_name work_queue_name concurrency_limit concurrency_options schedules triggers version".split(
    " ",
  )

function differ(theirs: JsonObject, ours: JsonObject): string {
  // Undeclared: Lockstep leaves it alone, Prefect takes it from the checkout or from the flow.
  const open = ours["version"] === null && /^"(?:[0-9a-f]{8}|[0-9a-f]{32}|9)"$/.test(show(theirs["version"]))
  const fields = compared.filter((field) => !(field === "version" && open))
  return fields
    .flatMap((field) =>
      jsonEqual(theirs[field] ?? null, ours[field] ?? null)
        ? []
        : [`${field}: prefect ${show(theirs[field])} lockstep ${show(ours[field])}`],
    )
    .join("\n")
}

function show(value: Json | undefined): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? `${part}n` : part))
}

/** A deployment as the server gives it, but for what Lockstep does on purpose or time decides. */
function comparable(live: JsonObject, code: Code): JsonObject {
  const limit = live["global_concurrency_limit"] as JsonObject | null
  const options = live["concurrency_options"] as JsonObject | null
  const tags = (live["tags"] as readonly string[]).filter(
    (tag) => !/^(?:managed-by=gitops|gitops(?:-mark)?=)/.test(tag),
  )
  const steps = live["pull_steps"] ?? []
  return {
    ...live,
    // Lockstep leaves it to the worker, so that no secret stands in a deployment.
    job_variables: JSON.parse(show(live["job_variables"]).replaceAll(secret.value, secret.placeholder)) as Json,
    // `prefect deploy` writes this text for none, at creation.
    description: live["description"] === "None" ? null : (live["description"] ?? null),
    tags: [...new Set(tags)].toSorted(),
    concurrency_limit: limit?.["limit"] ?? null,
    concurrency_options: options && { ...options, grace_period_seconds: options["grace_period_seconds"] ?? null },
    // None given: Prefect names the folder of its checkout, Lockstep the same folder of a clone.
    pull_steps: placeIn(steps, code) ?? steps,
    schedules: (live["schedules"] as readonly JsonObject[])
      .map((schedule) => comparableSchedule(schedule))
      .toSorted((a, b) => (show(a) < show(b) ? -1 : 1)),
  }
}

/** Starts that the server or the client set to the time of the write. */
function comparableSchedule({
  slug = null,
  active = null,
  parameters = null,
  schedule = null,
}: JsonObject): JsonObject {
  const { anchor_date: anchor, timezone, rrule, ...spec } = schedule as JsonObject
  const now = (text: string): string => (/^(?:DTSTART:)?202[6-9]/.test(text) ? "now" : text)
  return {
    slug,
    active,
    parameters,
    ...spec,
    timezone: timezone || "UTC",
    ...(typeof anchor === "string" && { anchor: now(anchor) === "now" ? "now" : new Date(anchor).toISOString() }),
    ...(typeof rrule === "string" && { rrule: rrule.replace(/^DTSTART:202[6-9]\d{4}T\d{6}/, "DTSTART:now") }),
  }
}
