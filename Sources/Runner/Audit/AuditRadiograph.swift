import CoreTensor
import Foundation
import Imaging
import Synchronization
import WorldModel

/// A collection that an audit looks at.
package struct AuditCollection: Sendable {
  /// As it was named on the command line.
  let name: String
  package let source: any RadiographSource

  package init(name: String, source: any RadiographSource) { (self.name, self.source) = (name, source) }
}

/// One radiograph as the audit saw it.
package struct AuditRadiograph: Sendable {
  /// 0 for the radiographs to train on, then the collections that they are held against.
  let collection: Int
  /// Index into the collection's records.
  let index: Int
  let record: RadiographRecord
  /// Nil where the source makes its radiographs, or the file has no header that can be read.
  var header: ImageHeader?
  /// Width and height of the decoded radiograph.
  var size: (width: Int, height: Int)?
  /// Nil where it could not be decoded.
  var look: AuditLook?
  /// Why it could not be decoded.
  var reason: String?

  /// Reads and decodes one radiograph of a collection.
  init(_ collection: AuditCollection, number: Int, index: Int) {
    (self.collection, self.index) = (number, index)
    var record = collection.source.records[index]
    do {
      header = try collection.source.header(at: index)
      let image = try collection.source.radiograph(at: index)
      size = (image.width, image.height)
      look = AuditLook(image)
    } catch let failure as UnusableRadiograph {
      reason = failure.reason
    } catch {
      reason = "\(error)"
    }
    if let tags = header?.tags {
      record.view = record.view ?? tags[ImageHeader.Tag.view].flatMap(RadiographView.init(code:))
    }
    self.record = record
  }

  /// The view, from the record, its columns or the file; empty where nobody tells.
  var view: String {
    record.view?.rawValue ?? record.attributes.first { $0.key.lowercased() == "view" }?.value ?? ""
  }

  /// A tag of the file's header, or a column of that name.
  func tag(_ name: String) -> String { header?.tags[name] ?? record.attributes[name] ?? "" }

  /// Whether the record names somebody.
  var hasPatient: Bool { record.patient.flatMap(PatientIdentifier.init) != nil }

  /// The split's name; empty where the source names none.
  var split: String { record.split ?? "" }
}

/// Looks at every radiograph of the collections once, on all threads; memory holds as many radiographs as there are
/// threads.
package enum AuditReading {
  /// - Parameter progress: told of the number of radiographs read so far, from several threads but one at a time.
  package static func radiographs(
    _ collections: [AuditCollection], progress: @Sendable (Int) -> Void
  ) -> [AuditRadiograph] {
    let places = collections.enumerated().flatMap { number, collection in
      collection.source.records.indices.map { (number: number, index: $0) }
    }
    let slots = Mutex((radiographs: [AuditRadiograph?](repeating: nil, count: places.count), done: 0))
    Compute.parallel(places.count) { place in
      let (number, index) = places[place]
      let radiograph = AuditRadiograph(collections[number], number: number, index: index)
      slots.withLock {
        $0.radiographs[place] = radiograph
        $0.done += 1
        progress($0.done)
      }
    }
    return slots.withLock { $0.radiographs.compactMap { $0 } }
  }
}

/// What may be wrong with a decoded radiograph. Suspects are to be looked at; they are no errors.
package enum AuditSuspicion: String, Codable, Sendable, CaseIterable {
  case inverted
  case blank
  case clipped
  case bordered
  case oddShape = "odd-shape"

  /// Standard deviation, of a full range of 1, below which a radiograph counts as blank. Real radiographs have 0.06 or
  /// more.
  static let leastDeviation: Float = 0.03
  /// Share of pure white or pure black pixels from which a radiograph counts as clipped.
  static let mostClipped: Float = 0.3
  /// Share of rows and columns of one grey from which a radiograph counts as bordered.
  static let mostBorder: Float = 0.25
  /// Long side to short side.
  static let mostElongated = 2.0

  var meaning: String {
    switch self {
    case .inverted: "looks like a negative: white bones are expected"
    case .blank: "hardly any contrast: blank, or of one grey"
    case .clipped: "more than 30 % of it is pure white or pure black, borders aside"
    case .bordered: "a quarter or more of it is an empty border"
    case .oddShape: "more than twice as long as wide, or as wide as long"
    }
  }

  var advice: String {
    switch self {
    case .inverted: "invert the negatives, or drop them"
    case .blank: "drop them"
    case .clipped: "make them again with a wider window, or drop them"
    case .bordered: "crop the borders away"
    case .oddShape: "look whether they are chest radiographs; crop or drop what is not"
    }
  }

  /// What is suspicious about a radiograph; nothing where it could not be decoded.
  static func all(of radiograph: AuditRadiograph) -> [AuditSuspicion] {
    guard let look = radiograph.look, let size = radiograph.size else { return [] }
    var found: [AuditSuspicion] = []
    let isBlank = look.deviation < leastDeviation
    let isLateral = RadiographView(code: radiograph.view) == .lateral
    if !isBlank && !isLateral && look.uprightScore < AuditInversion.limit { found.append(.inverted) }
    if isBlank { found.append(.blank) }
    // A black border is told as a border.
    if !isBlank, max(look.whiteShare, look.blackShare) - look.borderShare > mostClipped {
      found.append(.clipped)
    }
    if look.borderShare >= mostBorder { found.append(.bordered) }
    let (long, short) = (max(size.width, size.height), min(size.width, size.height))
    if Double(long) / Double(short) > mostElongated { found.append(.oddShape) }
    return found
  }
}
