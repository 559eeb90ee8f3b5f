import type { Revision } from "../core/model.ts"
import { GitError } from "../lib/errors.ts"
import { badAnswer } from "./failures.ts"
import type { Lru } from "../lib/lru.ts"
import { Mutex } from "../lib/mutex.ts"
import type { ObjectType } from "./pack.ts"
import type { Server } from "./server.ts"
import { noBase, unpack } from "./unpack.ts"

export type Blob =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "too-large"; readonly size: number }

export interface BlobRequest {
  /** A commit that has them. */
  readonly revision: Revision
  readonly oids: readonly string[]
  readonly maxBytes: number
}

const wantsPerRequestMax = 2_500
/** What an entry weighs beside its bytes. */
const entryBytes = 256
const blobsOnly: ReadonlySet<ObjectType> = new Set(["blob"])

/** The files of one remote repository by id: in memory, else fetched in batches. */
export class Blobs {
  readonly #server: Server
  /** Shared by all repositories; under keys of this one, as what one source may read another may not. */
  readonly #kept: Lru<Blob>
  readonly #id: string
  readonly #mutex = new Mutex()

  constructor(parts: { readonly id: string; readonly server: Server; readonly kept: Lru<Blob> }) {
    this.#id = parts.id
    this.#server = parts.server
    this.#kept = parts.kept
  }

  /** @throws GitError unless each of them is known. */
  async read(request: BlobRequest, signal: AbortSignal): Promise<ReadonlyMap<string, Blob>> {
    return this.#mutex.run(async () => {
      const found = new Map<string, Blob>()
      for (const oid of request.oids) {
        const kept = this.#kept.get(`${this.#id} ${oid}`)
        // It was too large for another caller, maybe not for this one.
        if (kept && (kept.kind === "bytes" || kept.size > request.maxBytes)) found.set(oid, kept)
      }
      const missing = [...new Set(request.oids)].filter((oid) => !found.has(oid))
      for (let start = 0; start < missing.length; start += wantsPerRequestMax) {
        const oids = missing.slice(start, start + wantsPerRequestMax)
        const fetched = await this.#fetch({ ...request, oids }, signal)
        for (const [oid, blob] of fetched) found.set(oid, blob)
      }
      return new Map([...found].map(([oid, blob]) => [oid, bounded(blob, request.maxBytes)]))
    }, signal)
  }

  /** In one request; a second one for what hid behind a file too large to be kept. */
  async #fetch(request: BlobRequest, signal: AbortSignal): Promise<ReadonlyMap<string, Blob>> {
    const found = new Map<string, Blob>()
    let missing = request.oids
    for (let round = 0; round < 2 && missing.length > 0; round++) {
      const pack = await this.#pack({ ...request, oids: missing }, signal)
      const { objects, huge } = await unpack(pack, blobsOnly, noBase, signal)
      for (const oid of missing) {
        const bytes = objects.get(oid)?.data
        const size = huge.get(oid)
        if (bytes) found.set(oid, this.#keep(oid, bounded({ kind: "bytes", bytes }, request.maxBytes)))
        else if (size !== undefined) found.set(oid, this.#keep(oid, { kind: "too-large", size }))
      }
      missing = missing.filter((oid) => !found.has(oid))
    }
    if (missing.length > 0) throw badAnswer(`it leaves out ${missing.length} files that the commit has`)
    return found
  }

  /** Servers that give nothing but commits give all files of one. */
  async #pack({ revision, oids }: BlobRequest, signal: AbortSignal): Promise<Buffer> {
    const request = { wants: oids, haves: [], shallow: [], depthOne: false, withoutBlobs: false }
    try {
      return await this.#server.pack("blobs", request, signal)
    } catch (error) {
      if (!(error instanceof GitError) || error.code !== "revision-not-found") throw error
      return this.#server.pack("blobs", { ...request, wants: [revision], depthOne: true }, signal)
    }
  }

  #keep(oid: string, blob: Blob): Blob {
    this.#kept.set(`${this.#id} ${oid}`, blob, entryBytes + (blob.kind === "bytes" ? blob.bytes.length : 0))
    return blob
  }
}

function bounded(blob: Blob, maxBytes: number): Blob {
  if (blob.kind === "too-large" || blob.bytes.length <= maxBytes) return blob
  return { kind: "too-large", size: blob.bytes.length }
}
