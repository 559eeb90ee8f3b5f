const urlCharsMax = 2048

/** `https://host/a/b.git`, `https://user@host/a/b` and `git@host:a/b.git` name one repository. */
export function sameRepository(a: string, b: string): boolean {
  return a.length <= urlCharsMax && bare(a) === bare(b)
}

function bare(url: string): string {
  return url
    .replace(/^[a-z+]+:\/\//i, "")
    .replace(/^[^@/]*@/, "")
    .replace(/^([^/:]+):(?!\d+\/)/, "$1/")
    .replace(/\.git\/?$|\/+$/, "")
    .toLowerCase()
}
