import fc from "fast-check"
import type { Definition } from "./classes.ts"
import type { FlowText } from "./flows.ts"
import type { Kind, Reference, World } from "./part.ts"

/** How files of a repository lie and name each other. */
const folders = fc.constantFrom("flat", "package", "below", "src", "inside", "reexport")
const imports = fc.constantFrom("from", "from", "as", "module", "alias", "star")
const libraries = fc.constantFrom("from", "from", "from", "module", "alias", "star")

export const layout = fc.record({
  folder: folders,
  imports: fc.array(imports, { minLength: 4, maxLength: 4 }),
  libraries: fc.array(libraries, { minLength: 4, maxLength: 4 }),
  lazy: fc.array(fc.constantFrom(false, false, true), { minLength: 4, maxLength: 4 }),
  cycle: fc.constantFrom(false, false, false, true),
  guard: fc.oneof(
    { weight: 30, arbitrary: fc.constant("none" as const) },
    { weight: 2, arbitrary: fc.constant("type-checking" as const) },
    { weight: 1, arbitrary: fc.constant("try" as const) },
  ),
})
export type Layout = typeof layout extends fc.Arbitrary<infer Each> ? Each : never

export interface Placed {
  readonly definition: Definition
  readonly name: string
  /** The number of the module it stands in; 0 is the flow's own file. */
  readonly module: number
}
export interface Files {
  readonly files: Readonly<Record<string, string>>
  readonly path: string
  /** Folders that an installation puts on Python's path. */
  readonly installed: readonly string[]
}

const paths: Readonly<Record<Layout["folder"], readonly string[]>> = {
  flat: ["flows.py", "module_1.py", "module_2.py", "module_3.py"],
  package: ["flows.py", "pkg/module_1.py", "pkg/module_2.py", "pkg/sub/module_3.py"],
  below: ["jobs/nightly/flows.py", "shared/module_1.py", "shared/module_2.py", "jobs/nightly/module_3.py"],
  src: ["flows.py", "src/pkg/module_1.py", "src/pkg/module_2.py", "src/pkg/module_3.py"],
  inside: ["pkg/flows.py", "pkg/module_1.py", "pkg/module_2.py", "pkg/module_3.py"],
  reexport: ["flows.py", "pkg/module_1.py", "pkg/module_2.py", "pkg/module_3.py"],
}

/**
 * Writes the flow and what it refers to, directly or through others: a file that Prefect refuses is then always a file
 * that the reader had to look into. Each module imports what it needs, in its own style.
 */
export function writeFiles(flow: FlowText, placed: readonly Placed[], shape: Layout): Files {
  const needed = new Set<Placed>()
  const modules = paths[shape.folder].map((path, module) => new Module({ path, module, placed, shape, needed }))
  const [main, ...others] = modules
  main?.write((world) => flow.text(world), placed.length)
  // A definition refers to earlier ones only, so that from the last to the first all that is needed is known in time.
  for (const [index, each] of [...placed.entries()].toReversed()) {
    if (needed.has(each)) modules[each.module]?.write((world) => each.definition.text(world, each.name), index)
  }
  const first = others[0]?.isEmpty === false ? others[0].path : null
  const written = modules.filter((module) => !module.isEmpty)
  const files = Object.fromEntries(written.map((module) => [module.path, module.text(first)]))
  const packages = written.flatMap(({ path }) => packagesOf(path))
  const inits = packages.map((folder) => [
    `${folder}/__init__.py`,
    folder.endsWith("pkg") ? reexports([...needed], shape) : "",
  ])
  return {
    files: { ...files, ...(Object.fromEntries(inits) as Record<string, string>) },
    path: main?.path ?? "",
    installed: shape.folder === "src" ? ["src"] : [],
  }
}

/** The folders of a file that need an `__init__.py`. */
function packagesOf(path: string): readonly string[] {
  const folder = /^(?:src\/)?pkg/u.exec(path)?.[0]
  if (folder === undefined) return []
  return path.startsWith("pkg/sub/") ? [folder, "pkg/sub"] : [folder]
}

function reexports(placed: readonly Placed[], shape: Layout): string {
  if (shape.folder !== "reexport") return ""
  const lines = placed
    .filter((each) => each.module > 0)
    .map((each) => `from .module_${each.module} import ${each.name}`)
  return [...lines, ""].join("\n")
}

function moduleName(path: string): string {
  return path
    .replace(/^src\/|^jobs\/nightly\//u, "")
    .replace(/\.py$/u, "")
    .replaceAll("/", ".")
}

/** One module while it is written: what it refers to becomes its import lines. */
class Module {
  readonly path: string
  readonly #texts: string[] = []
  readonly #module: number
  readonly #placed: readonly Placed[]
  readonly #shape: Layout
  readonly #needed: Set<Placed>
  readonly #lines = new Set<string>()
  /** Imports of the repository's own modules. */
  readonly #ownLines = new Set<string>()

  constructor(use: { path: string; module: number; placed: readonly Placed[]; shape: Layout; needed: Set<Placed> }) {
    this.path = use.path
    this.#module = use.module
    this.#placed = use.placed
    this.#shape = use.shape
    this.#needed = use.needed
  }

  get isEmpty(): boolean {
    return this.#texts.length === 0
  }

  /** Puts a text above those that are there; it sees the definitions before `position`. */
  write(text: (world: World) => string, position: number): void {
    this.#texts.unshift(text(this.before(position)))
  }

  /** `first`: the path of the module that a circle of imports goes back to. */
  text(first: string | null): string {
    const circle = this.#shape.cycle && this.#module > 1 && first !== null ? [`import ${moduleName(first)}`] : []
    return [...this.#head(), "", this.#texts.join("\n\n"), ...circle, ""].join("\n")
  }

  /** What stands above: the imports that were asked for. */
  #head(): readonly string[] {
    const lazy = this.#shape.lazy[this.#module] === true ? ["from __future__ import annotations"] : []
    const own = [...this.#ownLines]
    const guard = own.length === 0 || own.some((line) => line.endsWith("*")) ? "none" : this.#shape.guard
    const inner = own.map((line) => `    ${line}`)
    const guarded = {
      none: own,
      "type-checking": ["from typing import TYPE_CHECKING", "if TYPE_CHECKING:", ...inner],
      try: ["try:", ...inner, "except ImportError:", "    pass"],
    }
    return [...lazy, ...this.#lines, ...(this.#module === 0 ? guarded[guard] : own)]
  }

  /** The world as the definition of a position sees it, so that only earlier ones are referred to. */
  before(position: number): World {
    return { out: (path) => this.#library(path), own: (kind, index) => this.#own(position, kind, index) }
  }

  #library(path: string): string {
    const [, module = "", name = ""] = /^(.*)\.(\w+)$/u.exec(path) ?? []
    const style = this.#shape.libraries[this.#module] ?? "from"
    if (style === "star" && module === "typing") return this.#import(`from typing import *`, name)
    if (style === "module" || style === "alias") {
      const short = module.replaceAll(".", "_")
      return style === "module"
        ? this.#import(`import ${module}`, path)
        : this.#import(`import ${module} as ${short}_`, `${short}_.${name}`)
    }
    return this.#import(`from ${module} import ${name}`, name)
  }

  #import(line: string, text: string): string {
    this.#lines.add(line)
    return text
  }

  #importOwn(line: string, text: string): string {
    this.#ownLines.add(line)
    return text
  }

  #own(position: number, kind: Kind, index: number): Reference | null {
    const earlier = this.#placed.slice(0, position).filter((each) => each.definition.kind === kind)
    const found = earlier[index % (earlier.length || 1)]
    if (found === undefined) return null
    this.#needed.add(found)
    const text = found.module === this.#module ? found.name : this.#imported(found)
    const { args, members } = found.definition
    const instance = args === null ? null : `${text}(${args(this.before(this.#placed.indexOf(found)))})`
    return { text, name: found.name, members, instance }
  }

  #imported({ name, module }: Placed): string {
    const style = this.#shape.imports[this.#module] ?? "from"
    const { source, relative } = this.#source(module)
    const last = source.split(".").at(-1) ?? source
    if (style === "star") return this.#importOwn(`from ${source} import *`, name)
    if (style === "as") return this.#importOwn(`from ${source} import ${name} as ${name}_x`, `${name}_x`)
    if (relative && (style === "module" || style === "alias")) {
      const above = source.slice(0, source.length - last.length)
      return this.#importOwn(`from ${above} import ${last}`, `${last}.${name}`)
    }
    if (style === "module") return this.#importOwn(`import ${source}`, `${source}.${name}`)
    if (style === "alias") return this.#importOwn(`import ${source} as ${last}_m`, `${last}_m.${name}`)
    return this.#importOwn(`from ${source} import ${name}`, name)
  }

  #source(module: number): { source: string; relative: boolean } {
    const all = paths[this.#shape.folder]
    const target = all[module] ?? ""
    const here = all[this.#module] ?? ""
    if (this.#shape.folder === "reexport" && this.#module === 0) return { source: "pkg", relative: false }
    const beside = target.replace(/[^/]*$/u, "") === here.replace(/[^/]*$/u, "")
    const inside = /(^|\/)pkg\//u.test(here) && beside
    return inside
      ? { source: `.${moduleName(target).split(".").at(-1)}`, relative: true }
      : { source: moduleName(target), relative: false }
  }
}
