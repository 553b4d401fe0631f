import Console
import Radiographs

extension Command {
  /// Lists the public collections that are read as their owners publish them.
  static let dataCollections = Command(
    name: "data collections", summary: "List the public collections that --data NAME:FOLDER reads",
    options: [CommandOption("--json", help: "One line of JSON.")],
    examples: [
      CommandExample("chex-runner data collections", "names, and the files that each expects"),
      CommandExample("chex-runner data audit --data nih:/data/nih", "what one of them holds"),
    ],
    run: { arguments in
      let rows = RadiographCollection.all.map {
        CollectionRow(name: $0.name, title: $0.title, layout: $0.layout)
      }
      if arguments.has("--json") {
        try Output.printJson(rows)
        return 0
      }
      var table = TextTable(columns: [.init("name"), .init("collection"), .init("files below its folder")])
      for row in rows { table.add([row.name, row.title, row.layout]) }
      Output.print(table.text(for: Terminal.current()))
      return 0
    })
}

private struct CollectionRow: Codable {
  let name: String
  let title: String
  let layout: String
}
