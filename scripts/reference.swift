// Makes one page of Markdown from symbol graphs: reference.swift PAGE GRAPHS MODULE…; scripts/reference calls it.
import Foundation

struct Graph: Decodable {
  let symbols: [Symbol]
  let relationships: [Relationship]
}

struct Symbol: Decodable {
  struct Identifier: Decodable { let precise: String }
  struct Kind: Decodable { let identifier: String }
  struct Fragment: Decodable { let spelling: String }
  struct Comment: Decodable {
    struct Line: Decodable { let text: String }
    let lines: [Line]
    /// Where the comment stands; that of a standard library's requirement says nothing of ours.
    let module: String?
  }
  struct Location: Decodable {
    struct Position: Decodable { let line: Int }
    let uri: String
    let position: Position
  }
  let identifier: Identifier
  let kind: Kind
  let pathComponents: [String]
  let declarationFragments: [Fragment]
  let docComment: Comment?
  let location: Location?

  var declaration: String {
    declarationFragments.map(\.spelling).joined().replacingOccurrences(of: " : ", with: ": ")
  }
  var comment: [String] {
    guard let docComment, docComment.module != "Swift" else { return [] }
    return docComment.lines.map { $0.text.isEmpty ? "///" : "/// " + $0.text }
  }
  var isType: Bool {
    ["swift.struct", "swift.class", "swift.protocol", "swift.enum"].contains(kind.identifier)
  }
  /// Order in the sources.
  var place: (String, Int) { (location?.uri ?? "~", location?.position.line ?? 0) }
}

struct Relationship: Decodable {
  let source: String
  let target: String
  let kind: String
  let targetFallback: String?
}

func graphs(of module: String, in folder: String) throws -> [Graph] {
  let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  return try names.filter { $0 == "\(module).symbols.json" || $0.hasPrefix("\(module)@") }.map {
    try JSONDecoder().decode(Graph.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/" + $0)))
  }
}

/// The declarations of one module, types with their members.
struct Module {
  let name: String
  let symbols: [Symbol]
  /// Names of what a symbol conforms to, without what the compiler adds by itself.
  let conformances: [String: [String]]
  /// Requirements of protocols that need not be written, since there is a default.
  let defaulted: Set<String>

  init(_ name: String, folder: String) throws {
    self.name = name
    let graphs = try graphs(of: name, in: folder)
    let all = graphs.flatMap(\.symbols)
    var seen: Set<String> = []
    let defaults = graphs.flatMap(\.relationships).filter { $0.kind == "defaultImplementationOf" }
    defaulted = Set(defaults.map(\.target))
    let implementations = Set(defaults.map(\.source))
    symbols = all.filter {
      seen.insert($0.identifier.precise).inserted && !implementations.contains($0.identifier.precise)
    }.sorted { $0.place < $1.place }
    let names = Dictionary(all.map { ($0.identifier.precise, $0.pathComponents.joined(separator: ".")) }) { first, _ in first }
    let implied: Set<String> = ["Copyable", "Escapable", "SendableMetatype", "BitwiseCopyable"]
    var conformances: [String: [String]] = [:]
    for relation in graphs.flatMap(\.relationships) where ["conformsTo", "inheritsFrom"].contains(relation.kind) {
      let target = names[relation.target] ?? relation.targetFallback?.split(separator: ".").last.map(String.init)
      guard let target, !implied.contains(target) else { continue }
      if conformances[relation.source]?.contains(target) != true { conformances[relation.source, default: []].append(target) }
    }
    self.conformances = conformances
  }

  /// What stands at the top: types and functions, by path.
  var top: [Symbol] { symbols.filter { $0.pathComponents.count == 1 } }

  func members(of path: [String]) -> [Symbol] {
    symbols.filter { $0.pathComponents.dropLast() == path[...] }
  }

  /// Members that are declared for types of other modules, by the type's path.
  var extensions: [(path: [String], members: [Symbol])] {
    let own = Set(symbols.filter(\.isType).map(\.pathComponents))
    let strays = symbols.filter { $0.pathComponents.count > 1 && !own.contains(Array($0.pathComponents.dropLast())) }
    let groups = Dictionary(grouping: strays) { Array($0.pathComponents.dropLast()) }
    return groups.sorted { $0.key.joined(separator: ".") < $1.key.joined(separator: ".") }.map { ($0.key, $0.value) }
  }

  func lines(_ symbol: Symbol) -> [String] {
    guard symbol.isType else {
      let note = defaulted.contains(symbol.identifier.precise) ? "  // has a default" : ""
      return symbol.comment + [symbol.declaration + note]
    }
    let conformed = (conformances[symbol.identifier.precise] ?? []).sorted()
    // A protocol's declaration has its own list already.
    let list = conformed.isEmpty || symbol.declaration.contains(":") ? "" : ": " + conformed.joined(separator: ", ")
    let members = members(of: symbol.pathComponents)
    guard !members.isEmpty else { return symbol.comment + [symbol.declaration + list + " {}"] }
    return symbol.comment + [symbol.declaration + list + " {"] + block(members) + ["}"]
  }

  private func block(_ members: [Symbol]) -> [String] {
    members.flatMap { lines($0) }.map { $0.isEmpty ? "" : "  " + $0 }
  }

  var page: [String] {
    var page = ["## \(name)", ""]
    for symbol in top {
      page += ["### \(symbol.pathComponents[0])", "", "```swift"] + lines(symbol) + ["```", ""]
    }
    for group in extensions {
      let type = group.path.joined(separator: ".")
      page += ["### \(type), more in \(name)", "", "```swift", "extension \(type) {"] + block(group.members) + ["}", "```", ""]
    }
    return page
  }
}

guard CommandLine.arguments.count > 3 else {
  FileHandle.standardError.write(Data("reference.swift: expected PAGE GRAPHS MODULE…\n".utf8))
  exit(2)
}
let modules = try CommandLine.arguments.dropFirst(3).map { try Module($0, folder: CommandLine.arguments[2]) }
if let empty = modules.first(where: { $0.top.isEmpty }) {
  FileHandle.standardError.write(Data("reference.swift: \(empty.name) has no public declaration\n".utf8))
  exit(1)
}
var page = [
  "# The core's reference", "",
  "Every public declaration of the modules that a plugin imports, with its comment, made from the sources. The guide is",
  "[adding-a-task.md](adding-a-task.md).", "",
]
page += modules.map { module in
  "- **\(module.name)**: " + module.top.map { "`\($0.pathComponents[0])`" }.joined(separator: ", ")
}
page.append("")
page += modules.flatMap(\.page)
try Data((page.joined(separator: "\n")).utf8).write(to: URL(fileURLWithPath: CommandLine.arguments[1]))
