import Evaluations
import Figures
import Foundation
import Pages
import Training

/// The sections of one run.
struct RunSections {
  let run: ReportedRun
  /// Before the anchors of its sections, and before their titles; empty where the page has one run.
  let prefix: String
  let of: String

  static func tag(_ status: ReportedRun.Status) -> Html {
    switch status {
    case .finished: .tag("finished", .good)
    case .imported: .tag("imported weights", .quiet)
    case .unfinished: .tag("unfinished", .problem)
    case .failed: .tag("failed", .bad)
    case .unknown: .tag("not known", .bad)
    }
  }

  /// What everybody should see first.
  /// - Parameter isOne: whether the page is of this run alone, and has room for its numbers.
  func lead(isOne: Bool) -> Html {
    let isWhole = run.problems.isEmpty
    let weight: Html.Weight =
      switch run.status {
      case .finished: isWhole ? .good : .problem
      case .imported: isWhole ? .quiet : .problem
      case .unfinished: .problem
      case .failed, .unknown: .bad
      }
    return .verdict((isOne ? "" : "\(run.name): ") + run.sentence, weight) + (isOne ? cards : .empty)
  }

  private var cards: Html {
    let summary = run.summary
    var cards = [Html.card("\(run.steps)", run.steps == 1 ? "step" : "steps")]
    func add(_ value: Double?, _ format: String, _ name: String, isBad: Bool = false) {
      guard let value else { return }
      cards.append(.card(String(format: format, value), name, isBad: isBad || !value.isFinite))
    }
    add(summary?.lastLoss, "%.4f", "loss, last tenth")
    add(summary?.trained?.probe?.mean, "%.3f", "mean AUROC, linear")
    add(summary?.randomEncoder?.probe?.mean, "%.3f", "the same at random")
    add(
      summary?.trained?.diagnostics.rank, "%.1f", "effective rank",
      isBad: summary?.trained?.isCollapsed == true)
    add(summary?.imagesPerSecond, "%.1f", "images/s, median")
    return .cards(cards)
  }

  var sections: [Page.Section?] { [what, data, curves, batch, diagnostics, evaluations, log] }

  private func section(_ anchor: String, _ title: String, _ body: Html, isBad: Bool = false) -> Page.Section {
    .init(prefix + anchor, of.isEmpty ? title : of + title, body, isBad: isBad)
  }

  /// A sentence in place of what is not there.
  private func absent(_ words: String) -> Html { .quiet(Html(words)) }

  // MARK: What was run

  private var what: Page.Section {
    var facts: [(name: String, value: Html)] = [("folder", .code(run.path))]
    let commands = run.commands.map {
      Html.code($0.text) + " " + .element("span", ["class": "quiet"], Html($0.time))
    }
    facts.append(
      (
        "command line",
        commands.isEmpty
          ? absentWord("not recorded by the version that made it") : commands.joined(.lineBreak)
      ))
    if let preset = run.preset { facts.append(("preset", Html(preset))) }
    if let tasks = run.settings?.tasks { facts.append(("tasks", Html(tasks.joined(separator: ", ")))) }
    for line in run.log where line.text.hasPrefix("model: ") {
      facts.append(("model", Html(String(line.text.dropFirst(7)))))
      break
    }
    if let first = run.log.first, let last = run.log.last {
      facts.append(("time", Html("\(first.time) to \(last.time)")))
    }
    for machine in Set(run.machines.map(\.text)).sorted() { facts.append(("machine", Html(machine))) }
    if let versions = run.versions {
      facts.append(("program", Html("chex-runner \(versions.runner), core \(versions.core.prefix(12))")))
      facts.append(
        (
          "computed on",
          Html("\(versions.device ?? "cpu"), \(versions.precision), \(versions.instructions.rawValue)")
        ))
    } else {
      facts.append(("program", absentWord("versions.json could not be read")))
    }
    if !run.checkpoints.isEmpty {
      facts.append(("checkpoints", Html("steps " + run.checkpoints.map { "\($0)" }.joined(separator: ", "))))
    }
    let failure = run.failure.map {
      Html.element("h3", [:], "Why it failed") + .preformatted($0, label: "failure.json of \(run.name)")
    }
    return section(
      "what", "What was run", .facts(facts) + warnings + (failure ?? .empty) + settings + plugins,
      isBad: run.status == .failed)
  }

  private func absentWord(_ words: String) -> Html { .element("span", ["class": "quiet"], Html(words)) }

  private var warnings: Html {
    guard !run.warnings.isEmpty else { return .empty }
    return .element("h3", [:], "Warnings")
      + .element("ul", [:], run.warnings.map { .element("li", [:], Html($0.text)) })
  }

  private var settings: Html {
    let heading = Html.element("h3", [:], "Settings that were chosen")
    guard let all = run.settings?.values else { return heading + absent("config.toml could not be read.") }
    let columns = ["setting", "value", "from"].map { PageTable.Column($0) }
    func rows(_ settings: [(key: String, value: String, origin: String?)]) -> [[Html]] {
      settings.map { [.code($0.key), .code($0.value), Html($0.origin ?? "")] }
    }
    let chosen = run.chosenSettings
    let none =
      all.contains { $0.origin != nil }
      ? "None: every setting is a default or the preset's."
      : "The file does not say where its values are from."
    return heading
      + (chosen.isEmpty
        ? absent(none)
        : PageTable("Settings that differ from defaults and preset", columns, rows(chosen)).html)
      + .details(
        "All \(all.count) settings", PageTable("All settings of \(run.name)", columns, rows(all)).html)
  }

  private var plugins: Html {
    guard let plugins = run.versions?.plugins, !plugins.isEmpty else { return .empty }
    let used = Set((run.settings?.tasks ?? []) + (run.settings?.sources ?? []))
    let rows = plugins.map { plugin in
      [
        Html(plugin.name), Html(plugin.version), used.contains(plugin.name) ? "yes" : "",
        .code(plugin.library),
      ]
    }
    let columns = ["plugin", "version", "trained with", "library"].map { PageTable.Column($0) }
    return .details(
      "Plugins of the registry, with versions", PageTable("Plugins of \(run.name)", columns, rows).html)
  }

  // MARK: Data, curves, pictures

  private var data: Page.Section {
    var facts: [(name: String, value: Html)] = []
    if let summary = run.data.summary { facts.append(("radiographs", Html(summary))) }
    if let list = run.data.list { facts.append(("list of radiographs", "fingerprint " + .code(list))) }
    for source in run.data.sources {
      facts.append(
        ("source", .code(source.name) + (source.found.isEmpty ? "" : Html(", now " + source.found))))
    }
    let skipped = run.data.skipped
    facts.append(("could not be used", skipped.isEmpty ? "none" : "\(skipped.count) radiographs"))
    let most = 50
    let more = skipped.count > most ? Html.quiet("and \(skipped.count - most) more, see skipped.txt") : .empty
    let list =
      skipped.isEmpty
      ? Html.empty
      : .details(
        "Radiographs that could not be used",
        .element("ul", [:], skipped.prefix(most).map { .element("li", [:], Html($0)) }), more)
    return section("data", "Radiographs", .facts(facts) + list)
  }

  private var curves: Page.Section {
    let (first, more) = ReportedCurves(run.lines).charts
    guard !first.isEmpty else { return section("curves", "Curves", absent("No step is recorded.")) }
    func pages(_ charts: [(anchor: String, chart: LineChart)]) -> Html {
      charts.map { PageChart("\(prefix)chart-\($0.anchor)", $0.chart).html }.joined()
    }
    return section(
      "curves", "Curves",
      pages(first) + .details("Learning rate, EMA decay, speed, waiting for data", pages(more)))
  }

  private var batch: Page.Section? {
    run.batchSheet.map { picture in
      section(
        "batch", "First batch",
        Self.html(
          picture,
          alternative:
            "Radiographs of the first batch of \(run.name), one a row: where views lie, what the encoder "
            + "sees, and what is to be predicted",
          caption:
            "Each row is a radiograph: its views, what the encoder sees of them, and what is predicted."))
    }
  }

  static func html(_ picture: ReportedPicture, alternative: String, caption: String) -> Html {
    if let omitted = picture.omitted {
      return .paragraph(
        "\(picture.file), \(picture.width) × \(picture.height) pixels, \(picture.bytes >> 20) MiB, is left out: \(omitted). Look at it in the run's folder."
      )
    }
    return .figure(
      .picture(png: picture.png, alternative: alternative, size: (picture.width, picture.height)),
      caption: Html(caption))
  }

  private var log: Page.Section? {
    guard !run.log.isEmpty else { return nil }
    let most = 400
    let lines = run.log.suffix(most).map { "\($0.time)  \($0.text)" }.joined(separator: "\n")
    let title = run.log.count > most ? "The last \(most) of \(run.log.count) lines" : "\(run.log.count) lines"
    return section("log", "Log", .details(Html(title), .preformatted(lines, label: "Log of \(run.name)")))
  }
}
