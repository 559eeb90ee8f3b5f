import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"

/** A certificate that is its own authority, for 127.0.0.1 and localhost. */
export interface Certificate {
  /** PEM file. */
  readonly file: string
  /** PEM texts, as a server takes them. */
  readonly tls: { readonly key: string; readonly cert: string }
}

export function makeCertificate(folder: string, name: string): Certificate {
  const [file, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
  const request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
  const names = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
  execFileSync("openssl", [...request.split(" "), ...names, "-keyout", key, "-out", file], { stdio: "ignore" })
  return { file, tls: { key: readFileSync(key, "utf8"), cert: readFileSync(file, "utf8") } }
}
