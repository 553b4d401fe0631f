import Imaging
import WorldModel

/// A collection of procedural chest radiographs with known findings.
///
/// Radiographs `2p` and `2p + 1` belong to patient `p`: the same anatomy and heart, but another day's posture,
/// device and findings. Radiograph `k` of a seed is the same however many radiographs the collection has.
struct PhantomSource: RadiographSource {
  let seed: UInt64
  let size: Int
  let rate: Double
  let placement: Float
  let records: [RadiographRecord]

  var summary: String { "phantom, seed \(seed), \(records.count) radiographs" }
  var findingNames: [String] { Finding.allCases.map(\.rawValue).sorted() }

  init(seed: UInt64, radiographs: Int, size: Int, rate: Double, placement: Float = 1) {
    self.seed = seed
    self.size = size
    self.rate = rate
    self.placement = placement
    records = (0..<radiographs).map { number in
      let present = PhantomRadiograph.findings(seed: seed, number: number, rate: rate)
      return RadiographRecord(
        identifier: "phantom-\(seed)-\(number)",
        patient: "phantom-\(seed)-patient-\(number / PhantomRadiograph.imagesPerPatient)",
        findings: Set(present.map(\.rawValue)))
    }
  }

  func radiograph(at index: Int) throws -> GrayImage { try phantom(at: index).image() }

  func truth(at index: Int) throws -> RadiographTruth? { try phantom(at: index).truth() }

  private func phantom(at index: Int) throws -> PhantomRadiograph {
    guard records.indices.contains(index) else {
      throw UnusableRadiograph(
        identifier: "phantom-\(seed)-\(index)",
        reason:
          "asked for radiograph \(index), but the phantom has radiographs 0 to \(records.count - 1); raise \"images\""
      )
    }
    let present = PhantomRadiograph.findings(seed: seed, number: index, rate: rate)
    return PhantomRadiograph(
      seed: seed, number: index, size: size, present: present, placement: placement)
  }
}
