import CoreTensor
import Foundation
import Imaging
import Pages
import Synchronization

/// Small pictures of the radiographs that a page shows. They are read once more: keeping a picture of every radiograph
/// would take far more than reading these few again.
struct AuditPictures {
  /// Pixels of the longer side.
  static let side = 160
  private let findings: AuditFindings
  private let encoded: [Int: [UInt8]]

  /// - Parameters:
  ///   - radiographs: indices into the findings' radiographs.
  ///   - png: makes a file of a picture.
  init(
    _ findings: AuditFindings, _ radiographs: [Int], png: @Sendable (GrayImage) throws -> [UInt8]
  ) {
    self.findings = findings
    let slots = Mutex<[Int: [UInt8]]>([:])
    let places = radiographs.map {
      (radiograph: $0, collection: findings.radiographs[$0].collection, index: findings.radiographs[$0].index)
    }
    let sources = findings.collections.map(\.source)
    Compute.parallel(places.count) { number in
      let place = places[number]
      // A radiograph that fails the second time has no picture; its name is shown all the same.
      guard let image = try? sources[place.collection].radiograph(at: place.index),
        let file = try? png(Self.reduced(image, longest: Self.side))
      else { return }
      slots.withLock { $0[place.radiograph] = file }
    }
    encoded = slots.withLock { $0 }
  }

  /// The image with its longer side reduced to `longest` pixels; as it is where it is smaller.
  static func reduced(_ image: GrayImage, longest: Int) -> GrayImage {
    guard max(image.width, image.height) > longest else { return image }
    let scale = Double(longest) / Double(max(image.width, image.height))
    let width = max(1, Int((Double(image.width) * scale).rounded()))
    let height = max(1, Int((Double(image.height) * scale).rounded()))
    let (across, down) = (CellShares(image.width, into: width), CellShares(image.height, into: height))
    var result = GrayImage(width: width, height: height)
    var row = [Float](repeating: 0, count: width)
    image.pixels.withUnsafeBufferPointer { pixels in
      for line in 0..<image.height {
        across.reduce(pixels.baseAddress! + line * image.width, into: &row)
        for (cell, share) in down.cells(of: line) {
          for column in 0..<width { result.pixels[cell * width + column] += share * row[column] }
        }
      }
    }
    return result
  }

  /// One radiograph with its name.
  func figure(_ radiograph: Int) -> Html {
    let name = findings.name(radiograph)
    let picture = encoded[radiograph].map { Html.picture(png: $0, alternative: name) }
    let seen = findings.radiographs[radiograph]
    let facts = [seen.size.map { "\($0.width) × \($0.height)" } ?? "", seen.split].filter { !$0.isEmpty }
    return .figure(
      .element("div", ["class": "radiograph"], picture ?? .empty),
      caption: Html(name) + .lineBreak + Html(facts.joined(separator: ", ")))
  }

  func sheet(_ radiographs: ArraySlice<Int>) -> Html {
    .element("div", ["class": "sheet"], radiographs.map(figure))
  }

  /// Two radiographs beside one another.
  func pair(_ first: Int, _ second: Int, caption: String) -> Html {
    .element("div", ["class": "pair"], figure(first), figure(second), .paragraph(Html(caption)))
  }
}
