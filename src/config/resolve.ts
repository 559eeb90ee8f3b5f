import { resolve as resolvePath } from "node:path"
import type { JsonObject } from "../core/json.ts"
import type { SourceName, WorkspaceName } from "../core/model.ts"
import type { ExtraHeaders, SecretRef } from "../core/secret.ts"
import type { Credentials, Overrides, Policy, Ref, Rendering, Source, Workspace } from "../core/source.ts"
import type { Config, ServerSettings } from "./config.ts"
import type { ConfigInput, SecretInput, SourceInput, SourceSettings, WorkspaceInput } from "./schema.ts"
import { defaultApiUrl, parseListen, plainUrl, type Environment } from "./values.ts"

const standard = {
  interval: 60_000,
  manifests: ["**/prefect.yaml"],
  exclude: [] as string[],
  select: [] as string[],
  apply: true,
  adopt: "same" as Policy["adopt"],
  onDrift: "enforce" as Policy["onDrift"],
  ignore: [] as string[],
  images: "hold" as Rendering["images"],
  pull: "auto" as Rendering["pull"],
  pullCommit: "tree" as Rendering["pullCommit"],
  codePaths: [] as string[],
  pinClones: false,
  baseDir: "auto" as Rendering["baseDir"],
  shortHash: 7,
  decommission: false,
}
type Filled = SourceInput & typeof standard
const standardPrune = {
  mode: "auto" as Policy["prune"]["mode"],
  max: 5,
  maxPercent: 20,
  ceiling: 25,
  grace: 86_400_000,
}
const standardScope = { workPools: [] as string[], flows: [] as string[] }
const standardIntervals = { driftInterval: 30_000, listInterval: 300_000 }
const standardServer = { listen: "127.0.0.1:8484", metricsAuth: false }

/** What is given goes before the standard; a key that isn't there never does, and the schema makes no empty ones. */
function over<T extends object>(base: T, given: { readonly [K in keyof T]?: T[K] | undefined } | undefined): T {
  const named = Object.keys(base).filter((key) => given !== undefined && Object.hasOwn(given, key))
  return { ...base, ...Object.fromEntries(named.map((key) => [key, given?.[key as keyof T]])) }
}

interface Surroundings {
  /** Relative file names are relative to the config file. */
  readonly folder: string
  readonly environment: Environment
}

/** The checked input with all defaults filled in. */
export function resolveConfig(input: ConfigInput, around: Surroundings): Config {
  const workspaces = (input.workspaces ?? [{ name: "default" }]).map((entry) => toWorkspace(entry, around))
  const only = workspaces.length === 1 ? workspaces[0]?.name : undefined
  return {
    installation: input.installation,
    workspaces,
    sources: input.sources.map((entry) =>
      toSource(withDefaults(entry, input.defaults ?? {}), only ?? "default", around),
    ),
    receivers: (input.receivers ?? []).map(({ name, provider, secret }) => ({
      name,
      provider,
      secret: toSecretRef(secret, around),
    })),
    server: toServer(input.server, around),
    stateDir: resolvePath(around.folder, input.stateDir ?? "/var/lib/lockstep"),
  }
}

/** A workspace that no config names; its credentials are where Prefect's own client looks for them. */
export function workspaceAt(apiUrl: string, environment: Environment): Workspace {
  const isSet = (name: string): boolean => (environment[name] ?? "") !== ""
  const auth = isSet("PREFECT_API_AUTH_STRING")
    ? { authString: { env: "PREFECT_API_AUTH_STRING" } }
    : isSet("PREFECT_API_KEY") && { apiKey: { env: "PREFECT_API_KEY" } }
  return toWorkspace({ name: "default", apiUrl, ...auth }, { folder: "", environment })
}

function toWorkspace(entry: WorkspaceInput, around: Surroundings): Workspace {
  const apiUrl = entry.apiUrl === undefined ? defaultApiUrl(around.environment) : plainUrl(entry.apiUrl)
  const { driftInterval, listInterval } = over(standardIntervals, entry)
  return {
    name: entry.name as WorkspaceName,
    apiUrl,
    auth: toAuth(entry, around),
    caFile: filePath(entry.caFile, around),
    ...toHeaders(entry.headers, around),
    requests: over({ perSecond: isCloud(apiUrl) ? 5 : 50, reads: 4, writes: 1 }, entry.requests),
    driftIntervalMs: driftInterval,
    listIntervalMs: listInterval,
  }
}

/** Prefect Cloud answers 429 long before a server of one's own does. */
function isCloud(apiUrl: string): boolean {
  const { hostname } = new URL(apiUrl)
  return hostname === "api.prefect.cloud" || hostname.endsWith(".prefect.cloud")
}

function toAuth({ apiKey, authString }: WorkspaceInput, around: Surroundings): Workspace["auth"] {
  if (apiKey) return { kind: "apiKey", key: toSecretRef(apiKey, around) }
  if (authString) return { kind: "basic", authString: toSecretRef(authString, around) }
  return { kind: "none" }
}

function toServer(entry: ConfigInput["server"], around: Surroundings): ServerSettings {
  const { listen, metricsAuth } = over(standardServer, entry)
  return {
    listen: parseListen(listen) ?? { host: "127.0.0.1", port: 8484 },
    tokens: [
      ...(entry?.token ? [{ name: "token", role: "operate" as const, token: toSecretRef(entry.token, around) }] : []),
      ...(entry?.tokens ?? []).map(({ name, role, token }) => ({ name, role, token: toSecretRef(token, around) })),
    ],
    metricsAuth,
  }
}

/** Maps of settings are joined key by key; lists and alternatives (ref, credentials, receiver) are taken whole. */
function withDefaults(entry: SourceInput, defaults: SourceSettings): SourceInput {
  return {
    ...defaults,
    ...entry,
    scope: { ...defaults.scope, ...entry.scope },
    prune: { ...defaults.prune, ...entry.prune },
    env: { ...defaults.env, ...entry.env },
    stepOutputs: { ...defaults.stepOutputs, ...entry.stepOutputs },
    overrides: { ...defaults.overrides, ...entry.overrides },
  }
}

function toSource(given: SourceInput, workspace: string, around: Surroundings): Source {
  const entry = { ...given, ...over(standard, given) }
  const { receiver } = entry
  return {
    name: entry.name as SourceName,
    workspace: (entry.workspace ?? workspace) as WorkspaceName,
    remote: {
      url: entry.url ?? "",
      credentials: toCredentials(entry.credentials, around),
      caFile: filePath(entry.caFile, around),
      ...toHeaders(entry.headers, around),
    },
    ref: toRef(entry.ref),
    intervalMs: entry.interval,
    selection: { manifests: entry.manifests, exclude: entry.exclude, select: entry.select },
    scope: over(standardScope, entry.scope),
    apply: entry.apply,
    policy: toPolicy(entry),
    rendering: toRendering(entry, around),
    decommission: entry.decommission,
    formerly: (entry.formerly ?? []) as SourceName[],
    handOverFrom: (entry.handOverFrom ?? []) as SourceName[],
    receiver: receiver ? { provider: receiver.provider, secret: toSecretRef(receiver.secret, around) } : null,
  }
}

function toCredentials(entry: SourceInput["credentials"], around: Surroundings): Credentials | null {
  const password = entry?.token ?? entry?.password
  if (!password) return null
  return { username: entry?.username ?? "x-access-token", password: toSecretRef(password, around) }
}

function toRef(ref: SourceInput["ref"]): Ref {
  if (ref?.branch !== undefined) return { kind: "branch", name: ref.branch }
  if (ref?.tag !== undefined) return { kind: "tag", name: ref.tag }
  if (ref?.commit !== undefined) return { kind: "commit", id: ref.commit }
  return ref?.name === undefined ? { kind: "head" } : { kind: "name", name: ref.name }
}

function toPolicy({ adopt, onDrift, ignore, prune }: Filled): Policy {
  const { grace, ...limits } = over(standardPrune, prune)
  return { adopt, onDrift, ignore, prune: { ...limits, graceMs: grace } }
}

function toRendering(entry: Filled, around: Surroundings): Rendering {
  const env = Object.entries(entry.env ?? {}).map(([name, given]) => [
    name,
    typeof given === "string" ? given : toSecretRef(given, around),
  ])
  return {
    env: Object.fromEntries(env) as Rendering["env"],
    // The schema let only JSON through.
    stepOutputs: (entry.stepOutputs ?? {}) as Rendering["stepOutputs"],
    images: entry.images,
    registries: (entry.registries ?? []).map(({ host, credentials, caFile }) => ({
      host,
      credentials: toCredentials(credentials, around),
      caFile: filePath(caFile, around),
    })),
    pull: entry.pull,
    pullCommit: entry.pullCommit,
    codePaths: entry.codePaths.map((path) => path.replace(/\/+$/, "")),
    pinClones: entry.pinClones,
    baseDir: entry.baseDir,
    shortHash: entry.shortHash,
    overrides: toOverrides(entry.overrides),
  }
}

function toOverrides(entry: SourceInput["overrides"]): Overrides {
  const { workPool, ...rest } = entry ?? {}
  const { name = null, workQueueName = null, jobVariables = {} } = workPool ?? {}
  const { nameSuffix = null, tags = [], paused = null } = rest
  return {
    workPool: name,
    workQueue: workQueueName,
    nameSuffix,
    tags,
    jobVariables: jobVariables as JsonObject,
    paused,
  }
}

/** Nothing at all where none are given: they are part of what a repository's cache is kept under. */
function toHeaders(entries: SourceInput["headers"], around: Surroundings): { readonly headers?: ExtraHeaders } {
  if (!entries) return {}
  const refs = Object.entries(entries).map(([name, given]): [string, SecretRef] => [
    name,
    typeof given === "string" ? { kind: "text", value: given } : toSecretRef(given, around),
  ])
  return { headers: Object.fromEntries(refs) }
}

function toSecretRef(entry: SecretInput, around: Surroundings): SecretRef {
  if (entry.env !== undefined) return { kind: "env", name: entry.env }
  return { kind: "file", path: resolvePath(around.folder, entry.file ?? "") }
}

function filePath(path: string | undefined, around: Surroundings): string | null {
  return path === undefined ? null : resolvePath(around.folder, path)
}
