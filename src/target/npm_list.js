// Runs in Node with the modules of an installed npm: lists what `npm pack` would put into the archive of each folder,
// without starting npm. Arguments: the folder of npm, and a JSON array of folders. Prints one JSON object.
'use strict'
const { existsSync } = require('fs')
const { dirname, join } = require('path')

const [npm, folders] = process.argv.slice(1)
const own = name => require(join(npm, 'node_modules', name))
const isThere = name => existsSync(join(npm, 'node_modules', name))
const packlist = own('npm-packlist')

// As the Arborist of the same npm reads a manifest.
const manifest = async folder => isThere('read-package-json-fast')
  ? own('read-package-json-fast')(join(folder, 'package.json'))
  : (await own('@npmcli/package-json').normalize(folder)).content

const workspacesOf = async (folder, pkg) => pkg.workspaces
  ? own('@npmcli/map-workspaces')({ cwd: folder, pkg })
  : new Map()

// Only bundled dependencies need the whole tree, and to read that costs more than all else.
const treeOf = async folder => {
  const pkg = await manifest(folder)
  const bundled = pkg.bundleDependencies || pkg.bundledDependencies
  if (bundled && (bundled === true || bundled.length > 0)) {
    const Arborist = own('@npmcli/arborist')
    return new Arborist({ path: folder }).loadActual()
  }
  const workspaces = await workspacesOf(folder, pkg)
  return { path: folder, package: pkg, isProjectRoot: true, edgesOut: new Map(), workspaces: pkg.workspaces ? workspaces : null }
}

// The root of the workspace that the folder is a member of. npm takes the rules of folders between the two as well.
const rootOf = async folder => {
  for (let above = dirname(folder), below = folder; above !== below; below = above, above = dirname(above)) {
    if (!existsSync(join(above, 'package.json'))) continue
    const pkg = await manifest(above).catch(() => ({}))
    const members = await workspacesOf(above, pkg).catch(() => new Map())
    if ([...members.values()].includes(folder)) return above
  }
  return null
}

const listOf = async folder => {
  const tree = await treeOf(folder)
  const prefix = await rootOf(folder)
  const globalIgnoreFile = process.env.npm_config_global_ignore_file || undefined
  const around = prefix ? { prefix, workspaces: [folder] } : { prefix: folder }
  const list = await packlist(tree, { path: folder, globalIgnoreFile, ...around })
  const members = await workspacesOf(folder, tree.package).catch(() => new Map())
  return { files: [...new Set(list)].sort(), workspaces: [...members.values()].sort() }
}

const answer = async () => {
  const lists = []
  for (const folder of JSON.parse(folders)) {
    lists.push(await listOf(folder).catch(error => ({ error: String((error && error.message) || error) })))
  }
  process.stdout.write(JSON.stringify({ lists }) + '\n')
}

answer().catch(error => { console.error('error: ' + error.message); process.exitCode = 1 })
