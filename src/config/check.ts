import { nearest } from "../core/nearest.ts"
import { isLoopback } from "../lib/loopback.ts"
import type { Path } from "./problem.ts"
import { apiUrlProblem, defaultApiUrl, parseListen, plainUrl, type Environment } from "./values.ts"

export interface Finding {
  readonly path: Path
  readonly message: string
}

type Map = Readonly<Record<string, unknown>>

/**
 * The rules between entries. They read the raw file, so that they are told together with the mistakes inside entries
 * instead of one edit later; whatever has the wrong shape is left to the schema.
 */
export function checkWhole(raw: unknown, environment: Environment): readonly Finding[] {
  const config = asMap(raw)
  const workspaces = asList(config["workspaces"])
  const sources = asList(config["sources"])
  const receivers = asList(config["receivers"])
  const names = config["workspaces"] === undefined ? ["default"] : workspaces.map(({ name }) => name)
  const defaults = asMap(config["defaults"])
  return [
    ...repeated(workspaces, "workspaces"),
    ...repeated(sources, "sources"),
    ...repeated(receivers, "receivers"),
    ...receivers.flatMap(({ name }, i) => {
      const message = "is the name of a source too: both would answer at one /hooks/NAME"
      return sources.some((source) => source["name"] === name) ? [{ path: ["receivers", i, "name"], message }] : []
    }),
    ...checkEnvironment(workspaces, config["workspaces"] === undefined, environment),
    ...sharedApis(workspaces, environment),
    ...formerNames(sources),
    ...sources.flatMap((source, i) => checkSource({ ...defaults, ...source }, ["sources", i], names)),
    ...checkServer(asMap(config["server"])),
  ]
}

function repeated(entries: readonly Map[], list: string): readonly Finding[] {
  return entries.flatMap(({ name }, i) => {
    const first = entries.findIndex((entry) => entry["name"] === name)
    if (typeof name !== "string" || first === i) return []
    return [
      {
        path: [...list.split("."), i, "name"],
        message: `is the same as ${list}[${first}].name: every name must be its own`,
      },
    ]
  })
}

/** A former name is one that nobody has now, and that only one source had. */
function formerNames(sources: readonly Map[]): readonly Finding[] {
  const names = new Set(sources.map(({ name }) => name))
  const seen = new Set<unknown>()
  return sources.flatMap((source, i) =>
    asTexts(source["formerly"]).flatMap((former, j): readonly Finding[] => {
      const path = ["sources", i, "formerly", j]
      if (names.has(former)) return [{ path, message: "is a source of this config, which keeps what it owns" }]
      if (seen.has(former)) return [{ path, message: "is named already: only one source can have had this name" }]
      seen.add(former)
      return []
    }),
  )
}

/** The environment's URL counts only where the file gives none. */
function checkEnvironment(workspaces: readonly Map[], standard: boolean, environment: Environment): readonly Finding[] {
  const url = environment["PREFECT_API_URL"] ?? ""
  const used = standard || workspaces.some(({ apiUrl }) => apiUrl === undefined)
  const problem = url === "" || !used ? null : apiUrlProblem(url)
  return problem === null ? [] : [{ path: ["workspaces"], message: `$PREFECT_API_URL ${problem}` }]
}

/** Two entries for one API would each take the whole request budget, and not know each other's sources. */
function sharedApis(workspaces: readonly Map[], environment: Environment): readonly Finding[] {
  const urls = workspaces.map(({ apiUrl }) => (apiUrl === undefined ? defaultApiUrl(environment) : plainUrl(apiUrl)))
  return urls.flatMap((url, i) => {
    const first = urls.indexOf(url)
    if (first === i) return []
    return [
      { path: ["workspaces", i, "apiUrl"], message: `is the same API as workspaces[${first}]: use that workspace` },
    ]
  })
}

function checkSource(source: Map, path: Path, workspaces: readonly unknown[]): readonly Finding[] {
  const findings: Finding[] = []
  if (source["url"] === undefined) findings.push({ path: [...path, "url"], message: "is missing" })
  const { workspace } = source
  if (workspace === undefined && workspaces.length !== 1 && !workspaces.includes("default"))
    findings.push({ path: [...path, "workspace"], message: `is missing: name one of ${workspaces.join(", ")}` })
  if (typeof workspace === "string" && !workspaces.includes(workspace)) {
    const near = nearest(
      workspace,
      workspaces.filter((name) => typeof name === "string"),
    )
    const hint = near === null ? `known are ${workspaces.join(", ")}` : `did you mean ${near}?`
    findings.push({ path: [...path, "workspace"], message: `is no workspace of this config (${hint})` })
  }
  return findings
}

/** Without a token anybody who reaches the port reads everything, so then only this machine may reach it. */
function checkServer(server: Map): readonly Finding[] {
  const tokens = asList(server["tokens"])
  const findings = [...repeated(tokens, "server.tokens"), ...reservedName(server, tokens)]
  if (server["token"] !== undefined || tokens.length > 0) return findings
  const listen = typeof server["listen"] === "string" ? parseListen(server["listen"]) : null
  if (listen && !isLoopback(listen.host))
    findings.push({
      path: ["server", "listen"],
      message:
        "can be reached from other machines, so it needs `server.token` or `server.tokens`; without one listen on 127.0.0.1",
    })
  if (server["metricsAuth"] === true)
    findings.push({ path: ["server", "metricsAuth"], message: "needs `server.token` or `server.tokens`" })
  return findings
}

/** Two tokens of one name: nobody could tell afterwards who did what. */
function reservedName(server: Map, tokens: readonly Map[]): readonly Finding[] {
  const at = server["token"] === undefined ? -1 : tokens.findIndex(({ name }) => name === "token")
  if (at < 0) return []
  return [{ path: ["server", "tokens", at, "name"], message: "is that of `server.token`: give this one another" }]
}

function asMap(value: unknown): Map {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Map) : {}
}

function asTexts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : []
}

function asList(value: unknown): readonly Map[] {
  return Array.isArray(value) ? value.map((item: unknown) => asMap(item)) : []
}
