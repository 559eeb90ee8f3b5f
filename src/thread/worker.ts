import { parentPort, workerData } from "node:worker_threads"
import type { Desired, DesiredDeployment, Tree, TreeEntry } from "../core/model.ts"
import { Lru } from "../lib/lru.ts"
import { LockstepError, toError } from "../lib/errors.ts"
import { openRender } from "../open-render.ts"
import type { Index, RenderBlob } from "../reconcile/ports.ts"
import {
  partSize,
  placeBytes,
  type Argument,
  type Call,
  type FromThread,
  type Result,
  type ToThread,
} from "./messages.ts"

/** The thread: the port of `open-render.ts` at the other end of a channel. It knows no secret but `env:`, and no network. */
const port = parentPort
if (!port) throw new Error("this file is a thread's, not a program's")
const place = workerData as SharedArrayBuffer
const length = new Int32Array(place, 0, 1)
const path = new Uint8Array(place, 4, placeBytes - 4)
const encoder = new TextEncoder()
const render = openRender((file) => {
  length[0] = encoder.encodeInto(file, path).written
})

const treeEntriesMax = 600_000
/** Of each owner: what is in force, and what comes next. */
const keptMax = 2
const trees = new Lru<Tree>(treeEntriesMax)
const coming = new Map<string, (readonly [string, TreeEntry])[]>()
const kept = { index: new Map<string, Map<string, Index>>(), desired: new Map<string, Map<string, Desired>>() }
const reading = new Map<number, (blobs: ReadonlyMap<string, RenderBlob> | null) => void>()
const leaving = new Map<number, Iterator<DesiredDeployment>>()
let names = 0

class Lost extends Error {}

port.on("message", (message: ToThread) => {
  switch (message.kind) {
    case "call":
      return void answer(message)
    case "texts":
      return reading.get(message.id)?.(message.blobs)
    case "tree":
      return takeTree(message)
    case "more":
      return sendPart(message.id)
    case "forget":
      kept.index.delete(message.owner)
      kept.desired.delete(message.owner)
  }
})

send({ kind: "ready", id: 0 })

function send(message: FromThread): void {
  port?.postMessage(message)
}

async function answer(call: Call): Promise<void> {
  const { id, method } = call
  try {
    const args = call.args.map((argument) => decode(call, argument))
    const value = await (render[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args)
    send({ kind: "done", id, result: encode(call, value) })
  } catch (error) {
    if (error instanceof Lost) return send({ kind: "lost", id, name: error.message })
    const known = error instanceof LockstepError ? { kind: error.kind, code: error.code } : null
    send({ kind: "failed", id, message: toError(error).message.slice(0, 1_000), known })
  }
}

function decode({ id, owner }: Call, argument: Argument): unknown {
  switch (argument.kind) {
    case "value":
      return argument.value
    case "read":
      return (oids: readonly string[]) => texts(id, oids)
    case "tree":
      return trees.get(argument.name) ?? lost(argument.name)
    case "index":
    case "desired":
      return kept[argument.kind].get(owner)?.get(argument.name) ?? lost(argument.name)
  }
}

function lost(name: string): never {
  throw new Lost(name)
}

async function texts(id: number, oids: readonly string[]): Promise<ReadonlyMap<string, RenderBlob>> {
  const { promise, resolve } = Promise.withResolvers<ReadonlyMap<string, RenderBlob> | null>()
  reading.set(id, resolve)
  send({ kind: "needs", id, oids })
  const blobs = await promise
  reading.delete(id)
  if (!blobs) throw new Error("the texts didn't come")
  return blobs
}

function encode({ id, method, owner }: Call, value: unknown): Result {
  if (method === "index") {
    const index = value as Index
    const { revision, manifests, variables } = index
    return { kind: "index", name: keep("index", owner, index), index: { revision, manifests, variables } }
  }
  if (method !== "bind") return { kind: "value", value }
  const desired = value as Desired
  const { deployments, ...rest } = desired
  leaving.set(id, deployments.values())
  const { digest } = desired
  return {
    kind: "desired",
    name: keep("desired", owner, desired),
    desired: { ...rest, digest },
    count: deployments.size,
  }
}

function keep<K extends "index" | "desired">(
  kind: K,
  owner: string,
  value: K extends "index" ? Index : Desired,
): string {
  const all = kept[kind] as Map<string, Map<string, typeof value>>
  const own = all.get(owner) ?? new Map<string, typeof value>()
  all.set(owner, own)
  const name = `${kind}-${++names}`
  own.set(name, value)
  for (const oldest of own.keys()) if (own.size > keptMax) own.delete(oldest)
  return name
}

function sendPart(id: number): void {
  const rest = leaving.get(id)
  const deployments: DesiredDeployment[] = []
  for (let next = rest?.next(); next && !next.done; next = rest?.next()) {
    deployments.push(next.value)
    if (deployments.length === partSize) break
  }
  if (deployments.length < partSize) leaving.delete(id)
  send({ kind: "part", id, deployments })
}

function takeTree({ name, entries, isLast }: ToThread & { kind: "tree" }): void {
  const all = coming.get(name) ?? []
  coming.set(name, all)
  for (const entry of entries) all.push(entry)
  if (!isLast) return
  coming.delete(name)
  trees.set(name, { revision: name as Tree["revision"], entries: new Map(all) }, all.length)
}
