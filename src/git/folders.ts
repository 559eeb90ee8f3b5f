import type { Revision, Tree, TreeEntry } from "../core/model.ts"
import { Breath } from "../lib/breath.ts"
import { badCommit, tooLarge } from "./failures.ts"

/** The entries of one folder, in Git's order. */
export type Folder = readonly { readonly name: string; readonly entry: TreeEntry }[]

const entriesMax = 1_000_000
const pathCharactersMax = 128 * 1024 * 1024
const depthMax = 100
const oidBytes = 20

/**
 * Every folder below a root, by id. Those of `known` aren't read again: after a commit only the changed ones are.
 * `read` gives a tree object's bytes.
 */
export async function readFolders(
  root: string,
  known: ReadonlyMap<string, Folder>,
  read: (oid: string) => Promise<Buffer>,
): Promise<ReadonlyMap<string, Folder>> {
  const folders = new Map<string, Folder>()
  const waiting = [root]
  const breath = new Breath()
  let entries = 0
  for (let oid = waiting.pop(); oid !== undefined; oid = waiting.pop()) {
    if (folders.has(oid)) continue
    const folder = known.get(oid) ?? parseFolder(await read(oid))
    folders.set(oid, folder)
    entries += folder.length
    if (entries > entriesMax) throw tooMany()
    if (!known.has(oid)) await breath.spend(10 + folder.length)
    for (const { entry } of folder) if (entry.kind === "folder") waiting.push(entry.oid)
  }
  return folders
}

/** Every path of a commit, a folder's content behind it. */
export async function treeOf(revision: Revision, root: string, folders: ReadonlyMap<string, Folder>): Promise<Tree> {
  const entries = new Map<string, TreeEntry>([["", { oid: root, kind: "folder" }]])
  const breath = new Breath()
  const open = [{ folder: folders.get(root) ?? [], prefix: "", next: 0 }]
  let characters = 0
  for (let level = open.at(-1); level; level = open.at(-1)) {
    const { name, entry } = level.folder[level.next++] ?? {}
    if (name === undefined || entry === undefined) {
      open.pop()
      continue
    }
    const path = level.prefix + name
    characters += path.length
    // A few folders that hold each other's ids many times over make a tree of any size.
    if (entries.size >= entriesMax || characters > pathCharactersMax) throw tooMany()
    entries.set(path, entry)
    if (breath.isDue(1)) await breath.take()
    if (entry.kind !== "folder") continue
    if (open.length > depthMax) throw badCommit(`its folders are nested more than ${depthMax} deep`)
    open.push({ folder: folders.get(entry.oid) ?? [], prefix: `${path}/`, next: 0 })
  }
  return { revision, entries }
}

/** A tree object: for each entry its mode in octal, a space, the name, a NUL, and the 20 bytes of the id. */
export function parseFolder(data: Buffer): Folder {
  const folder: { name: string; entry: TreeEntry }[] = []
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(0x20, at)
    const end = data.indexOf(0, at)
    if (space <= at || end <= space || end + oidBytes >= data.length) throw badCommit("it has a malformed folder")
    const name = data.toString("utf8", space + 1, end)
    const kind = kindOf(data.toString("latin1", at, space))
    if (kind === null || !isName(name)) throw badCommit("it has a folder with an entry that Git doesn't allow")
    at = end + 1 + oidBytes
    folder.push({ name, entry: { oid: data.toString("hex", end + 1, at), kind } })
  }
  return folder
}

/** Git never makes these, so somebody means harm. */
function isName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && name.toLowerCase() !== ".git" && !name.includes("/")
}

/** Old tools wrote modes such as 100664; the first digits tell. */
function kindOf(mode: string): TreeEntry["kind"] | null {
  if (/^0?40000$/.test(mode)) return "folder"
  if (/^100[0-7]{3}$/.test(mode)) return "file"
  if (mode === "120000") return "symlink"
  return mode === "160000" ? "submodule" : null
}

function tooMany(): Error {
  return tooLarge(`the repository has more than ${entriesMax} files or ${pathCharactersMax} characters of paths`)
}
