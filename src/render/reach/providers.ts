import type { Tree } from "../../core/model.ts"

const compiled = /\.(?:pyc|pyo|pyd|pyx|so|zip|egg|whl)$/

/** The files of one commit, as those who look for modules see them. */
export class Providers {
  readonly #tree: Tree
  /** Paths of everything that may be a module, by their last name. */
  readonly #named = new Map<string, string[]>()
  /** Folders with Python below them, by their last name. */
  readonly #folders = new Map<string, string[]>()
  /** Python directly below each folder, packages among it. */
  readonly #children = new Map<string, string[]>()
  /** Links and submodules, which may show anything under another name. */
  readonly links: readonly string[]

  constructor(tree: Tree) {
    this.#tree = tree
    const links: string[] = []
    const packages = new Set<string>()
    for (const [path, { kind }] of tree.entries) {
      if (kind === "folder") continue
      if (kind !== "file") links.push(path)
      const isPython = path.endsWith(".py")
      if (!isPython && kind === "file" && !compiled.test(path)) continue
      add(this.#named, moduleName(path), path)
      const own = folderOf(path)
      add(this.#children, own, path)
      if (lastOf(path) === "__init__.py" && own !== "") add(this.#children, folderOf(own), path)
      for (let folder = folderOf(path); folder !== "" && !packages.has(folder); folder = folderOf(folder)) {
        packages.add(folder)
        add(this.#folders, lastOf(folder), folder)
      }
    }
    this.links = links
  }

  /** Whether an import that begins so may mean something of this repository. */
  bears(name: string): boolean {
    return this.#named.has(name) || this.#folders.has(name)
  }

  /** Files that may be the module `parts`, wherever modules are looked for; empty = none. */
  files(parts: readonly string[]): readonly string[] {
    const below = parts.join("/")
    return (this.#named.get(parts.at(-1) ?? "") ?? []).filter((path) => endsWith(withoutName(path), below))
  }

  /** Whether a folder, without a file of its own, may be the module. */
  isFolder(parts: readonly string[]): boolean {
    const below = parts.join("/")
    return (this.#folders.get(parts.at(-1) ?? "") ?? []).some((folder) => endsWith(folder, below))
  }

  /** What `from package import *` may bring, by the package's file. */
  beside(path: string): readonly string[] {
    return this.#children.get(folderOf(path)) ?? []
  }

  /** Python files of this name. */
  scripts(name: string): readonly string[] {
    return (this.#named.get(moduleName(name)) ?? []).filter((path) => lastOf(path) === name)
  }

  oid(path: string): string | undefined {
    return this.#tree.entries.get(path)?.oid
  }

  isText(path: string): boolean {
    return path.endsWith(".py") && this.#tree.entries.get(path)?.kind === "file"
  }
}

export function folderOf(path: string): string {
  const end = path.lastIndexOf("/")
  return end === -1 ? "" : path.slice(0, end)
}

export function lastOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1)
}

/** `a/b.py` and `a/b/__init__.py` are both `a/b`; so is `a/b.cpython-311-x86_64-linux-gnu.so`. */
function withoutName(path: string): string {
  const stem = lastOf(path).replace(/\..*$/, "")
  const folder = folderOf(path)
  if (stem === "__init__") return folder
  return folder === "" ? stem : `${folder}/${stem}`
}

function moduleName(path: string): string {
  return lastOf(withoutName(path))
}

function endsWith(path: string, end: string): boolean {
  return path === end || path.endsWith(`/${end}`)
}

function add(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
