import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/**
 * `npm run sbom`: the bill of materials (CycloneDX, JSON) of what a user gets, on stdout, from the lock file alone. The
 * development tools are taken out first: beside them `npm sbom --omit dev` leaves out what both need (zod, yaml, …).
 */
interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devDependencies?: object }>>
}

function withoutDevelopment<T extends { readonly devDependencies?: object }>({ devDependencies: _dev, ...rest }: T) {
  return rest
}

const folder = mkdtempSync(join(tmpdir(), "lockstep-sbom-"))
try {
  const home = join(folder, "lockstep")
  mkdirSync(home)
  const own = JSON.parse(readFileSync("package.json", "utf8")) as { readonly devDependencies?: object }
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as Lock
  const kept = Object.entries(lock.packages).filter(([, { dev }]) => !dev)
  const packages = Object.fromEntries(kept.map(([path, one]) => [path, path === "" ? withoutDevelopment(one) : one]))
  writeFileSync(join(home, "package.json"), JSON.stringify(withoutDevelopment(own)))
  writeFileSync(join(home, "package-lock.json"), JSON.stringify({ ...lock, packages }))
  const command = ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"]
  const { status } = spawnSync("npm", command, { cwd: home, stdio: ["ignore", "inherit", "inherit"] })
  process.exitCode = status ?? 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
