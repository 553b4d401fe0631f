import CoreTensor
import Foundation
import WorldModel

/// What a task and its latents say, on the batch sheet and in a dry run.
extension TaskTrial {
  func words() throws {
    for others in [[], others] {
      let tasks = try tasks(others)
      let model = tasks.model(shape, seed: Self.seed)
      let plan = plan(tasks, step: 0)[0]
      let samples = try (0..<Self.batch).map { try plan.sample(Self.radiograph($0), index: $0) }
      for sample in samples {
        for caption in plan.assembly.captions(of: sample) { try check(caption, "caption of a context") }
        for value in sample.latents.joined() {
          try model.caption(of: value).map { try check($0, "caption of latent \"\(value.latent)\"") }
        }
      }
      for remark in plan.assembly.remarks(on: samples.map(\.record)) { try check(remark.text, "remark") }
      for oddity in tasks.oddities { try check(oddity, "oddity") }
    }
  }

  private func check(_ text: String, _ what: String) throws {
    guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      throw Broken("\(what): expected one line without control characters, found \"\(text.printable)\"")
    }
  }
}
