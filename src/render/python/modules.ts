import type { Session } from "./session.ts"

/** Packages that are never looked for in the repository: Python loads them before any flow file. */
const outside = new Set(
  (
    "abc annotated_types asyncio base64 builtins collections contextlib copy dataclasses datetime decimal enum fractions functools " +
    "importlib inspect io ipaddress itertools json logging math numbers operator os pathlib prefect pydantic pydantic_settings random re " +
    "shutil string subprocess sys tempfile threading time types typing typing_extensions urllib uuid warnings zoneinfo"
  ).split(" "),
)

export type ModulePlace =
  /** Not a file of the repository. */
  | { readonly kind: "outside" }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "ambiguous"; readonly paths: readonly string[] }

/** The file of `import a.b` as seen from the flow's file: `sys.path` has its folder, the working folder, and packages. */
export function findModule(session: Session, module: string): ModulePlace {
  if (outside.has(module.split(".")[0] ?? "")) return { kind: "outside" }
  const relative = module.replaceAll(".", "/")
  const found = searchFolders(session.entry).flatMap((folder) => moduleFile(session, join(folder, relative)))
  const own = folderOf(session.entry)
  const first = found[0]
  if (first === undefined) return inProject(session, relative)
  // The flow file's own folder comes first in sys.path; which of the others is there depends on who deploys.
  if (found.length === 1 || first.startsWith(join(own, relative))) return { kind: "file", path: first }
  return { kind: "ambiguous", paths: found }
}

/**
 * A package of another project of the repository (a uv or Poetry workspace), which the deploying environment has
 * installed: below the project's `src`, or a folder with an `__init__.py` beside its pyproject.toml.
 */
function inProject(session: Session, relative: string): ModulePlace {
  const [top = ""] = relative.split("/")
  const found = session.around.projects.flatMap((project) => {
    const flat = session.exists(join(project, `${top}/__init__.py`)) ? moduleFile(session, join(project, relative)) : []
    return [...moduleFile(session, join(project, `src/${relative}`)), ...flat]
  })
  const [first] = found
  if (first === undefined) return { kind: "outside" }
  return found.length === 1 ? { kind: "file", path: first } : { kind: "ambiguous", paths: found }
}

/** The file of `from ..a import b` in `path`; null when there is none. */
export function findRelative(session: Session, path: string, from: { module: string; level: number }): string | null {
  let folder = folderOf(path)
  for (let step = 1; step < from.level; step += 1) {
    if (folder === "") return null
    folder = folderOf(folder)
  }
  const target = join(folder, from.module.replaceAll(".", "/"))
  return from.module === "" ? existing(session, join(target, "__init__.py")) : (moduleFile(session, target)[0] ?? null)
}

/** The submodule `name` of the package whose folder is that of `module` seen from `path`. */
export function findRelativeSubmodule(
  session: Session,
  path: string,
  from: { module: string; level: number; name: string },
): string | null {
  const module = from.module === "" ? from.name : `${from.module}.${from.name}`
  return findRelative(session, path, { module, level: from.level })
}

/** The submodule `name` beside the package file `path` (`.../__init__.py`). */
export function findSubmodule(session: Session, path: string, name: string): string | null {
  return path.endsWith("__init__.py") ? (moduleFile(session, join(folderOf(path), name))[0] ?? null) : null
}

function moduleFile(session: Session, path: string): string[] {
  const file = existing(session, `${path}/__init__.py`) ?? existing(session, `${path}.py`)
  return file === null ? [] : [file]
}

function existing(session: Session, path: string): string | null {
  return session.exists(path) ? path : null
}

function searchFolders(entry: string): string[] {
  const folders: string[] = []
  for (let folder = folderOf(entry); ; folder = folderOf(folder)) {
    folders.push(folder, join(folder, "src"))
    if (folder === "") return [...new Set(folders)]
  }
}

function folderOf(path: string): string {
  const end = path.lastIndexOf("/")
  return end === -1 ? "" : path.slice(0, end)
}

function join(folder: string, path: string): string {
  return folder === "" ? path : path === "" ? folder : `${folder}/${path}`
}
