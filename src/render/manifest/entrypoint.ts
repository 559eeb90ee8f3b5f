import { posix } from "node:path"
import { isJsonObject } from "../../core/json.ts"
import type { Tree } from "../../core/model.ts"
import type { Rendering } from "../../core/source.ts"
import { whatBlocks } from "../blocked.ts"
import type { Surroundings } from "../../python/reading.ts"
import type { ManifestEntry } from "./entries.ts"
import type { Rule } from "./rules.ts"
import { listOf } from "./steps.ts"
import { isOpen, type Names } from "./placeholders.ts"
import { resolveValue, variablesIn } from "./template.ts"

/** Where an entrypoint's flow stands, or what is wrong with it. */
export type Entrypoint = FoundEntrypoint | { readonly kind: "problem"; readonly rule: Rule; readonly message: string }
export interface FoundEntrypoint {
  readonly kind: "flow"
  readonly path: string
  readonly object: string
  /** The folder in which Prefect would be run; empty = the root. */
  readonly base: string
  /** Loaded by its path, and not imported as a module. */
  readonly isScript: boolean
}

/**
 * `file.py:function`, `pkg.module:function` or `pkg.module.function` (`flows.py: load_flow_from_entrypoint`). Prefect
 * takes a file relative to the folder where `prefect deploy` ran, which is written nowhere; `baseDir` says how it is found.
 */
export function findEntrypoint(text: string, { manifest, pull }: Declared, where: Where): Entrypoint {
  const entrypoint = text.replaceAll("\\", "/")
  const file = /^(.*\.py):([\p{ID_Continue}.]+)$/u.exec(entrypoint)
  const folder = posix.dirname(manifest) === "." ? "" : posix.dirname(manifest)
  const from = { ...where, folder, pull }
  if (file) return findFile(file[1] as string, file[2] as string, from)
  const module =
    /^([\p{ID_Continue}.]+):([\p{ID_Continue}.]+)$/u.exec(entrypoint) ??
    /^((?:\p{ID_Continue}+\.)*\p{ID_Continue}+)\.(\p{ID_Continue}+)$/u.exec(entrypoint)
  if (module && !entrypoint.endsWith(".py")) return findModule(module[1] as string, module[2] as string, from)
  return problem("entrypoint-invalid", `"${text}" must be path/to/file.py:function, or package.module:function`)
}

const nothing: Omit<Names, "env"> = { variables: new Map(), outputs: new Map(), unknownOutputs: new Map() }

/**
 * An entrypoint with its placeholders resolved, as far as that goes before Prefect is asked for anything: the flow is read
 * first. Null where a value is missing, which is told when the entry is bound.
 */
export function resolveEntrypoint(
  text: string,
  environment: Surroundings["environment"],
): { readonly text: string } | { readonly refusal: string } | null {
  if (variablesIn(text).size > 0)
    return { refusal: "`entrypoint` can't hold a Prefect variable: the flow is read before any is known" }
  const plain = [...environment].filter((pair): pair is [string, string] => typeof pair[1] === "string")
  const resolve = (env: Names["env"]) => resolveValue(text, { env, ...nothing }, "plain").value
  const value = resolve(new Map(plain))
  if (typeof value === "string" && !isOpen(value)) return { text: value }
  if (isOpen(resolve(new Map([...environment.keys()].map((name) => [name, ""]))))) return null
  return { refusal: "`entrypoint` needs its values as plain texts in the source's env, not as references to secrets" }
}

/** Where entrypoints are looked for. */
export interface Where {
  readonly tree: Tree
  /** Folders that hold a pyproject.toml or setup.py: their packages are installed where flows are deployed. */
  readonly projects: readonly string[]
  readonly baseDir: Rendering["baseDir"]
}
type Declared = Pick<ManifestEntry, "manifest" | "pull">
type From = Where & {
  /** The manifest's. */
  readonly folder: string
  readonly pull: ManifestEntry["pull"]
}

/** The folders of a commit that hold a Python project, in the order of their paths. */
export function projectFolders(tree: Tree): readonly string[] {
  const files = [...tree.entries.keys()].filter((path) => /(^|\/)(pyproject\.toml|setup\.py)$/.test(path))
  const folders = files.map((path) => posix.dirname(path)).map((folder) => (folder === "." ? "" : folder))
  return [...new Set(folders)].toSorted()
}

function findFile(path: string, object: string, { folder, tree, baseDir, pull }: From): Entrypoint {
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path)) {
    return problem("entrypoint-outside", `"${path}" is an absolute path: give it relative to the repository`)
  }
  const bases = [...basesFor(baseDir, folder), ...(baseDir === "auto" ? workingFolder(pull) : [])]
  const candidates = bases.map((base) => ({ base, path: posix.normalize(posix.join(base, path)) }))
  const inside = candidates.filter((candidate) => !candidate.path.startsWith("../") && candidate.path !== "..")
  if (inside.length === 0) return problem("entrypoint-outside", `"${path}" leads out of the repository`)
  // A link on the way to the nearest one hides it: one further up is another file.
  const found = inside.find(({ path: one }) => tree.entries.has(one) || whatBlocks(tree, one) !== null)
  if (found === undefined) {
    const looked = inside
      .slice(0, 4)
      .map((candidate) => candidate.path)
      .join(", ")
    const message = `there is no file ${looked}${inside.length > 4 ? ", …" : ""}`
    return problem("flow-file-missing", message + likeNamed(path, tree))
  }
  const blocked = whatBlocks(tree, found.path)
  if (blocked !== null) return problem("entrypoint-outside", `${blocked}; ${found.path} can't be read behind it`)
  return { kind: "flow", ...found, object, isScript: true }
}

/** A hint at the one file of that name elsewhere: where `prefect deploy` may have run, or where it went. */
function likeNamed(path: string, tree: Tree): string {
  const ending = `/${posix.basename(path)}`
  const files = [...tree.entries].filter(([other, { kind }]) => kind === "file" && `/${other}`.endsWith(ending))
  const [only] = files
  return only && files.length === 1 ? `; did you mean ${only[0]}?` : ""
}

/** Nearest first: the manifest's own folder, then each folder above it, up to the root. */
function basesFor(baseDir: Rendering["baseDir"], folder: string): readonly string[] {
  if (baseDir === "repository") return [""]
  if (baseDir === "manifest") return [folder]
  const bases = [folder]
  for (let base = folder; base !== "";) {
    base = base.includes("/") ? base.slice(0, base.lastIndexOf("/")) : ""
    bases.push(base)
  }
  return bases
}

/**
 * Where the worker stands when it loads the entrypoint, if pull steps change to a folder of what they cloned:
 * `set_working_directory` to `{{ clone.directory }}/flows`. Whoever writes that deploys from there, too.
 */
function workingFolder(pull: ManifestEntry["pull"]): readonly string[] {
  const clones = new Set<string>()
  let folder: string | undefined
  for (const [name, inputs] of listOf(pull).flatMap((step) => Object.entries(step).slice(0, 1))) {
    if (!isJsonObject(inputs)) continue
    const { id, directory } = inputs
    if (name.endsWith(".git_clone") && typeof id === "string") clones.add(id)
    if (!name.endsWith(".set_working_directory") || typeof directory !== "string") continue
    const [, clone = "", below] = /^\{\{\s*([\w-]+)\.directory\s*\}\}\/+([^{}]+)$/.exec(directory) ?? []
    folder = clones.has(clone) ? below : undefined
  }
  return folder === undefined ? [] : [folder]
}

/**
 * A module is imported from where packages lie: above the manifest, in `src`, or beside a pyproject.toml. The worker
 * stands where Prefect would be run: in the folder that the module is imported from, and for one of an installed package,
 * which any folder can import, in the manifest's own.
 */
function findModule(module: string, object: string, { folder, tree, projects, baseDir }: From): Entrypoint {
  const relative = module.replaceAll(".", "/")
  const bases = basesFor("auto", folder)
  const places = [
    ...bases.flatMap((base) => [
      { base, root: base },
      { base, root: posix.join(base, "src") },
    ]),
    ...projects.flatMap((project) => [project, posix.join(project, "src")].map((root) => ({ base: folder, root }))),
  ]
  const candidates = places.flatMap(({ base, root }) =>
    [`${relative}.py`, `${relative}/__init__.py`].map((path) => ({
      base: baseDir === "auto" ? base : baseDir === "manifest" ? folder : "",
      path: posix.normalize(posix.join(root, path)),
    })),
  )
  const found = candidates.find(({ path }) => tree.entries.has(path) || whatBlocks(tree, path) !== null)
  const blocked = found ? whatBlocks(tree, found.path) : null
  if (found && blocked !== null)
    return problem("entrypoint-outside", `${blocked}; ${found.path} can't be read behind it`)
  if (found !== undefined) return { kind: "flow", ...found, object, isScript: false }
  return problem("flow-file-missing", `the module ${module} isn't in the repository (looked for ${relative}.py)`)
}

function problem(rule: Rule, message: string): Entrypoint {
  return { kind: "problem", rule, message }
}
