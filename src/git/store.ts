import * as fs from "node:fs"
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as git from "isomorphic-git"
import type { Revision, Tree, TreeEntry } from "../core/model.ts"
import { scanPack } from "./pack-scan.ts"
import { completePack } from "./thin-pack.ts"

const packsMax = 32
const entriesMax = 1_000_000
const depthMax = 200

/**
 * Git objects of one repository on disk, indexed and read by isomorphic-git. Only a cache: it may vanish at any time,
 * and whatever goes wrong in it is healed by throwing it away. It holds commits, trees and wanted blobs, and no refs.
 */
export class ObjectStore {
  readonly #folder: string
  /** Listings of whole subtrees by tree id: after a commit only the changed folders are read. */
  #listings = new Map<string, ReadonlyMap<string, TreeEntry>>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Takes a verified pack in. A thin one is made whole with what is here, so that no pack needs another. */
  async add(received: Buffer, thin: boolean): Promise<void> {
    const cache = {}
    if (!thin) scanPack(received)
    const pack = thin ? await completePack(received, (oid) => this.#object(oid, cache)) : received
    const packs = join(this.#folder, "objects", "pack")
    await mkdir(packs, { recursive: true })
    const name = `pack-${pack.subarray(-20).toString("hex")}.pack`
    await writeFile(join(packs, name), pack)
    const filepath = join("objects", "pack", name)
    await git.indexPack({ fs, dir: this.#folder, gitdir: this.#folder, filepath, cache: {} })
  }

  /** The commit whose trees were fetched last, for the next increment; null when nothing is known to be whole. */
  async newest(): Promise<Revision | null> {
    const text = await readFile(join(this.#folder, "shallow"), "utf8").catch(() => "")
    return /^[0-9a-f]{40}\n$/.test(text) ? (text.trim() as Revision) : null
  }

  /** Written last, when all of it is there: Git's own file for commits without parents. */
  async setNewest(revision: Revision): Promise<void> {
    await writeFile(join(this.#folder, "shallow"), `${revision}\n`)
  }

  async crowded(): Promise<boolean> {
    const files = await readdir(join(this.#folder, "objects", "pack")).catch(() => [])
    return files.filter((name) => name.endsWith(".pack")).length > packsMax
  }

  async clear(): Promise<void> {
    this.#listings = new Map()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** The whole tree of a commit; null when something of it isn't here. */
  async tree(revision: Revision): Promise<Tree | null> {
    const cache = {}
    const kept = new Map<string, ReadonlyMap<string, TreeEntry>>()
    try {
      const { commit } = await git.readCommit({ fs, gitdir: this.#folder, oid: revision, cache })
      const below = await this.#list(commit.tree, { cache, kept, depth: 0 })
      this.#listings = kept
      return { revision, entries: new Map([["", { oid: commit.tree, kind: "folder" }], ...below]) }
    } catch (error) {
      if (error instanceof git.Errors.NotFoundError) return null
      throw error
    }
  }

  /** A blob's bytes; null when it isn't here. */
  async blob(oid: string, cache: object): Promise<Uint8Array | null> {
    try {
      return (await git.readBlob({ fs, gitdir: this.#folder, oid, cache })).blob
    } catch (error) {
      if (error instanceof git.Errors.NotFoundError) return null
      throw error
    }
  }

  async #object(oid: string, cache: object): Promise<{ type: number; data: Buffer } | null> {
    try {
      const { type, object } = await git.readObject({ fs, gitdir: this.#folder, oid, format: "content", cache })
      return { type: typeNumbers[type] ?? 0, data: Buffer.from(object as Uint8Array) }
    } catch (error) {
      if (error instanceof git.Errors.NotFoundError) return null
      throw error
    }
  }

  async #list(
    oid: string,
    walk: {
      readonly cache: object
      readonly kept: Map<string, ReadonlyMap<string, TreeEntry>>
      readonly depth: number
    },
  ): Promise<ReadonlyMap<string, TreeEntry>> {
    const known = walk.kept.get(oid) ?? this.#listings.get(oid)
    if (known) {
      walk.kept.set(oid, known)
      return known
    }
    if (walk.depth > depthMax) throw new Error(`folders are nested more than ${depthMax} deep`)
    const { tree } = await git.readTree({ fs, gitdir: this.#folder, oid, cache: walk.cache })
    const entries = new Map<string, TreeEntry>()
    for (const entry of tree) {
      entries.set(entry.path, { oid: entry.oid, kind: kindOf(entry.mode) })
      if (entry.type !== "tree") continue
      const below = await this.#list(entry.oid, { ...walk, depth: walk.depth + 1 })
      for (const [path, child] of below) entries.set(`${entry.path}/${path}`, child)
      if (entries.size > entriesMax) throw new Error(`the repository has more than ${entriesMax} files`)
    }
    walk.kept.set(oid, entries)
    return entries
  }
}

const typeNumbers: Readonly<Record<string, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 }

function kindOf(mode: string): TreeEntry["kind"] {
  switch (mode.padStart(6, "0")) {
    case "040000":
      return "folder"
    case "120000":
      return "symlink"
    case "160000":
      return "submodule"
    default:
      return "file"
  }
}
