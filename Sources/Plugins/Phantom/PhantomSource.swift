import Imaging
import WorldModel

/// A collection of procedural chest films with known findings.
///
/// Films `2p` and `2p + 1` belong to patient `p`: the same anatomy and heart, but another day's posture,
/// device and findings. Film `k` of a seed is the same however many films the collection has.
struct PhantomSource: FilmSource {
  let seed: UInt64
  let size: Int
  let rate: Double
  let records: [FilmRecord]

  var summary: String { "phantom, seed \(seed), \(records.count) films" }
  var findingNames: [String] { Finding.allCases.map(\.rawValue).sorted() }

  init(seed: UInt64, films: Int, size: Int, rate: Double) {
    self.seed = seed
    self.size = size
    self.rate = rate
    records = (0..<films).map { number in
      let present = PhantomFilm.findings(seed: seed, number: number, rate: rate)
      return FilmRecord(
        identifier: "phantom-\(seed)-\(number)",
        patient: "phantom-\(seed)-patient-\(number / PhantomFilm.filmsPerPatient)",
        findings: Set(present.map(\.rawValue)))
    }
  }

  func film(at index: Int) throws -> GrayImage { try phantom(at: index).image() }

  func truth(at index: Int) throws -> FilmTruth? { try phantom(at: index).truth() }

  private func phantom(at index: Int) throws -> PhantomFilm {
    guard records.indices.contains(index) else {
      throw UnusableFilm(
        identifier: "phantom-\(seed)-\(index)",
        reason:
          "asked for film \(index), but the phantom has films 0 to \(records.count - 1); raise \"films\"")
    }
    let present = PhantomFilm.findings(seed: seed, number: index, rate: rate)
    return PhantomFilm(seed: seed, number: index, size: size, present: present)
  }
}
