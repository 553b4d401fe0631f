import Console
import CoreTensor
import Evaluations
import Figures
import Foundation
import Pages
import Runs
import Training
import WorldModel

extension Command {
  /// One page of one radiograph.
  static let explain = Command(
    name: "explain",
    summary: "Show on one page what a run's model makes of one radiograph",
    options: [
      CommandOption(
        "--radiograph", .value("NAME"),
        help:
          "The radiograph: a name among those of the run's sources or of --data, with or without its folders, or the path of "
          + "a file. Required."),
      CommandOption(
        "--with", .value("A,B"),
        help: "Evaluations that have a part of the page; default all that have something to show."),
      CommandOption(
        "--bank", .value("N"),
        help:
          "Radiographs of other patients that it is compared with, spread over those to learn from; default 256."
      ),
      CommandOption(
        "--out", aliases: ["-o"], .value("DIR"),
        help: "Where the page and its pictures are left; default a folder below RUN/explanations."),
      CommandOption("--json", help: "One line of JSON."),
    ] + EvaluatedRun.options,
    arguments: [CommandArgument("RUN", help: "The run's folder.")],
    examples: [
      CommandExample(
        "chex-runner explain runs/first --radiograph phantom-0-8", "one of the run's own radiographs"),
      CommandExample(
        "chex-runner explain runs/first --data radiographs/index.csv --radiograph chest.dcm --out page",
        "any file, beside radiographs with labels"),
    ],
    run: { try ExplanationRun($0).explain() })
}

/// One call of `explain`.
private struct ExplanationRun {
  struct Report: Encodable {
    struct Part: Encodable {
      let evaluation: String
      let picture: String?
      let problem: String?
    }
    let run: String
    let step: Int
    let radiograph: String
    let compared: Int
    let out: String
    let page: String
    let parts: [Part]
  }

  /// A part of the page: pictures, or why there are none.
  private struct Part {
    let definition: EvaluationDefinition
    let sheet: Result<PictureSheet, any Error>
  }

  private let isJson: Bool
  private let out: String
  private let run: EvaluatedRun
  private let radiograph: ExplainedRadiograph
  private let definitions: [EvaluationDefinition]
  private let bank: [Int]

  init(_ arguments: ParsedArguments) throws {
    guard let name = arguments.value("--radiograph") else {
      throw UsageError("explain: --radiograph NAME is required")
    }
    let count = try arguments.integer("--bank", in: 2...100_000) ?? 256
    isJson = arguments.has("--json")
    run = try EvaluatedRun(arguments)
    radiograph = try ExplainedRadiograph(name, of: run)
    definitions = try Self.definitions(run, arguments.value("--with"))
    let (key, records) = (radiograph.record.patientKey, radiograph.source.records)
    let others = run.radiographs.train.filter { records[$0].patientKey != key }
    bank = others.equallySpaced(count)
    guard bank.count > 1 else {
      throw EvaluationError(
        "explain: expected two radiographs of other patients to compare with or more, found \(bank.count) in "
          + "\(run.source.summary); name more by --data")
    }
    let short = String(name.map { $0.isLetter || $0.isNumber ? $0 : "-" })
    let standard = "\(run.folder.path)/explanations/\(short)"
    out = arguments.value("--out") ?? standard
    if Folder.exists(out) { throw StorageError.folderNotEmpty(path: out, isRun: false) }
  }

  /// - Throws: `EvaluationError` where an evaluation has no part of the page, or none has.
  private static func definitions(_ run: EvaluatedRun, _ names: String?) throws -> [EvaluationDefinition] {
    let able = run.setup.plugins.compactMap { plugin in
      if case .evaluation(let definition) = plugin.definition, definition.makeExplanation != nil {
        definition
      } else {
        nil
      }
    }
    let words = able.map(\.name).joined(separator: ", ")
    guard let names else {
      if able.isEmpty {
        throw EvaluationError(
          "explain: no evaluation of \(run.setup.manifest.path) has a part of the page; enable one there")
      }
      return able
    }
    return try names.split(separator: ",").map { name in
      guard let found = able.first(where: { $0.name == name }) else {
        throw EvaluationError(
          "--with \(name): expected evaluations with something to show of one radiograph, \(words)")
      }
      return found
    }
  }

  func explain() throws -> Int32 {
    let parts = try Compute.$backend.withValue(run.backend) { try definitions.map(part) }
    var rows: [Report.Part] = []
    var sections: [Page.Section] = []
    try Folder.fill(out, refusal: { StorageError.folderNotEmpty(path: out, isRun: false) }) {
      for part in parts {
        let name = part.definition.name
        do {
          let sheet = try part.sheet.get()
          try sheet.write(to: "\(out)/\(name).png")
          // The page has the words beside the picture.
          let bare = PictureSheet(title: "", rows: sheet.rows, pictureSide: sheet.pictureSide)
          sections.append(section(name, sheet, png: Data(try bare.encoded(as: .png))))
          rows.append(.init(evaluation: name, picture: "\(name).png", problem: nil))
        } catch {
          sections.append(
            Page.Section(name, "\(name): not shown", Html.paragraph(Html("\(error)")), isBad: true))
          rows.append(.init(evaluation: name, picture: nil, problem: "\(error)"))
        }
      }
      try DurableFile.write(page(sections).text, to: "\(out)/explained.html")
    }
    guard rows.contains(where: { $0.problem == nil }) else {
      throw EvaluationError(
        "explain: no part of the page could be made: "
          + rows.map { "\($0.evaluation): \($0.problem ?? "")" }.joined(separator: "; "))
    }
    try tell(rows)
    return 0
  }

  private func part(_ definition: EvaluationDefinition) throws -> Part {
    let options = Options(
      definition.options, given: run.setup.configuration.plugins[definition.name] ?? [:])
    let input = try run.input(
      radiograph.source, train: bank, validation: [], test: [radiograph.index],
      workspace: ExplanationWorkspace(definition.name))
    let code = PluginCode("evaluation \"\(definition.name)\"", "explanation")
    guard let make = definition.makeExplanation else {
      fail("ExplanationRun: \(definition.name) has no explanation")
    }
    let sheet = Result<PictureSheet, any Error> {
      try code.run {
        let explanation = try make(options)
        return try explanation(input)
      }
    }
    return Part(definition: definition, sheet: sheet)
  }

  // MARK: - The page

  private func section(_ name: String, _ sheet: PictureSheet, png: Data) -> Page.Section {
    Page.Section(
      name, sheet.title,
      Html.figure(
        .picture(png: png, alternative: "\(sheet.title). \(sheet.notes.joined(separator: " "))"),
        caption: Html(sheet.notes.joined(separator: " "))))
  }

  private func page(_ sections: [Page.Section]) -> Page {
    let record = radiograph.record
    let known = record.findings.sorted().joined(separator: ", ")
    var facts: [(name: String, value: Html)] = [
      ("Radiograph", Html(record.identifier)),
      ("Labels", known.isEmpty ? "none is known" : Html(known)),
      ("Model", Html("\(run.folder.path), step \(run.step)")),
      ("Compared with", Html("\(bank.count) radiographs of other patients, of \(run.source.summary)")),
    ]
    if let part = radiograph.part { facts.append(("Seen before", Html(part))) }
    return Page(
      "One radiograph, as a model sees it",
      lead: Html.facts(facts)
        + Html.paragraph(
          "Pictures whose captions say so are the model's and no truth; nothing here is a physician's finding."
        ),
      sections: sections, hasContents: true)
  }

  private func tell(_ parts: [Report.Part]) throws {
    if isJson {
      try Output.printJson(
        Report(
          run: run.folder.path, step: run.step, radiograph: radiograph.record.identifier,
          compared: bank.count, out: out, page: "\(out)/explained.html", parts: parts))
      return
    }
    for part in parts {
      if let problem = part.problem {
        StandardStream.error.show("chex-runner: warning: \(part.evaluation): not shown: \(problem)\n")
      }
    }
    Output.print(
      "\(out)/explained.html: \(parts.filter { $0.problem == nil }.map(\.evaluation).joined(separator: ", ")) of "
        + "\(radiograph.record.identifier)\n")
  }
}
