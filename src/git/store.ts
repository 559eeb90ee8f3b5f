import * as fs from "node:fs"
import { access, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import * as git from "isomorphic-git"
import type { Revision } from "../core/model.ts"
import type { ObjectType } from "./pack.ts"
import type { ReadBase } from "./unpack.ts"
import { gateway, gatewayUrl, wantedBranch, type Held } from "./gateway.ts"

const packsMax = 32
const remote = "origin"

/**
 * Commits and trees of one repository on disk, written, indexed and read by isomorphic-git; blobs are never stored.
 * Only a cache: it may vanish at any time, and whatever goes wrong in it is healed by throwing it away. One operation at
 * a time (isomorphic-git has no locks), and a `cache` of its own for each (a shared one grows without bound).
 */
export class ObjectStore {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * Takes in a commit with its trees; `fetch` brings a verified pack for it, which may be thin against what is held. The
   * commit of the last time is held: it is what the tracking ref names.
   */
  async take(revision: Revision, fetch: (held: Held) => Promise<Buffer>): Promise<void> {
    const place = { fs, gitdir: this.#folder }
    if (!(await exists(join(this.#folder, "config")))) {
      await git.init({ ...place, bare: true, defaultBranch: wantedBranch })
      await git.addRemote({ ...place, remote, url: gatewayUrl, force: true })
    }
    await git.fetch({
      ...place,
      http: gateway(revision, fetch),
      url: gatewayUrl,
      remote,
      // The commits of this ref are offered as `have`.
      ref: `${remote}/${wantedBranch}`,
      remoteRef: wantedBranch,
      singleBranch: true,
      tags: false,
      depth: 1,
      cache: {},
    })
  }

  /** Reads objects, as one operation. */
  reader(): ReadBase {
    const cache = {}
    return async (oid) => {
      try {
        const { type, object } = await git.readObject({ fs, gitdir: this.#folder, oid, format: "content", cache })
        return { type: type as ObjectType, data: Buffer.from(object as Uint8Array) }
      } catch (error) {
        if (error instanceof git.Errors.NotFoundError) return null
        throw error
      }
    }
  }

  async isEmpty(): Promise<boolean> {
    return !(await exists(this.#folder))
  }

  /** isomorphic-git never packs again, and each read looks through the indexes of all packs. */
  async isCrowded(): Promise<boolean> {
    const files = await readdir(join(this.#folder, "objects", "pack")).catch(() => [])
    return files.filter((name) => name.endsWith(".pack")).length > packsMax
  }

  async clear(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
