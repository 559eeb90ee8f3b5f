import type { SourceStatus } from "../core/status.ts"
import type { HistoryEntry } from "../observe/history.ts"
import type { PublicPlan } from "../server/present.ts"
import type { Answer, Client } from "./client.ts"
import { CommandError } from "./exit.ts"

/** The routes of the API that the commands use, with the shapes of their answers. */

const sourcesPath = "/api/v1/sources"

function sourcePath(name: string, below = ""): string {
  return `${sourcesPath}/${encodeURIComponent(name)}${below}`
}

export async function askSources(client: Client): Promise<readonly SourceStatus[]> {
  return sourcesIn((await client.get(sourcesPath)).body)
}

export async function askSource(client: Client, name: string): Promise<SourceStatus> {
  return sourceIn((await client.get(sourcePath(name))).body)
}

/** Null when no turn of the source has come to a plan yet. */
export async function askPlan(client: Client, name: string): Promise<PublicPlan | null> {
  const answer = await client.find(sourcePath(name, "/plan"))
  if (!answer) return null
  return checked(answer.body, (body) => Array.isArray(body["changes"])) as PublicPlan
}

export async function askHistory(client: Client, name: string): Promise<readonly HistoryEntry[]> {
  const { body } = await client.get(sourcePath(name, "/history"))
  const checkedBody = checked(body, (found) => Array.isArray(found["history"]))
  return (checkedBody as { readonly history: readonly HistoryEntry[] }).history
}

/**
 * `name` null = all sources. The status is 202 when not every turn is over yet. With a commit only a turn that saw it
 * ends well.
 */
export async function askSync(
  client: Client,
  name: string | null,
  waitMs: number | null,
  commit: string | null = null,
): Promise<{ readonly isOver: boolean; readonly sources: readonly SourceStatus[] }> {
  const path = name === null ? "/api/v1/sync" : sourcePath(name, "/sync")
  const body = commit === null ? undefined : { commit }
  const answer: Answer = await client.post(waitMs === null ? path : `${path}?wait=${waitMs}ms`, body, waitMs ?? 0)
  const sources = name === null ? sourcesIn(answer.body) : [sourceIn(answer.body)]
  return { isOver: answer.status === 200, sources }
}

export async function askOperation(
  client: Client,
  name: string,
  operation: "suspend" | "resume" | "pin" | "unpin" | "confirm",
  body: Readonly<Record<string, string>>,
): Promise<SourceStatus> {
  return sourceIn((await client.post(sourcePath(name, `/${operation}`), body)).body)
}

/** Workspaces in which the source was released, and those that couldn't be asked. */
export async function askRelease(
  client: Client,
  name: string,
  body: Readonly<Record<string, string>>,
): Promise<{ readonly workspaces: readonly string[]; readonly unread: readonly string[] }> {
  const answer = await client.post(sourcePath(name, "/release"), body)
  return checked(answer.body, isRelease) as {
    readonly workspaces: readonly string[]
    readonly unread: readonly string[]
  }
}

function isRelease({ workspaces, unread }: Body): boolean {
  return Array.isArray(workspaces) && Array.isArray(unread)
}

function sourcesIn(body: unknown): readonly SourceStatus[] {
  const found = checked(body, ({ sources }) => Array.isArray(sources))
  return (found as { readonly sources: readonly unknown[] }).sources.map((one) => sourceIn(one))
}

function sourceIn(body: unknown): SourceStatus {
  return checked(body, isStatus) as SourceStatus
}

function isStatus({ name, state, revision, deployments, problems }: Body): boolean {
  const texts = typeof name === "string" && typeof state === "string"
  const maps = [revision, deployments].every((part) => typeof part === "object" && part !== null)
  return texts && maps && Array.isArray(problems)
}

type Body = Readonly<Record<string, unknown>>

/** Something else may answer at the address: another program, or a daemon of another age. */
function checked(body: unknown, fits: (body: Body) => boolean): unknown {
  if (typeof body === "object" && body !== null && fits(body as Body)) return body
  throw new CommandError("the answer isn't that of a Lockstep daemon of this version: check --server")
}
