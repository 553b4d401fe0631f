import CoreTensor
import Imaging
import WorldModel

/// One radiograph of the phantom. Everything about it follows from seed, number and size.
struct PhantomRadiograph: Sendable {
  /// Radiographs of one patient, each taken by another device in another posture.
  static let imagesPerPatient = 2

  let number: Int
  let patientNumber: Int
  let anatomy: Anatomy
  let findings: Findings
  let geometry: RadiographGeometry
  let device: Device
  private let seed: UInt64

  /// - Parameters:
  ///   - size: rows and columns, in pixels.
  ///   - present: what the radiograph shows.
  ///   - placement: 0...1, how much the patient's place, size and lean vary beyond a radiographer's best.
  init(seed: UInt64, number: Int, size: Int, present: Set<Finding>, placement: Float = 1) {
    self.seed = seed
    self.number = number
    patientNumber = number / Self.imagesPerPatient
    var forPatient = RandomStream(seed: seed, stream: "phantom.patient", index: patientNumber)
    let patient = Patient(random: &forPatient)
    var forRadiograph = RandomStream(seed: seed, stream: "phantom.film", index: number)
    device = Device(random: &forRadiograph, stature: patient.stature, placement: placement)
    let posture = Posture(random: &forRadiograph, placement: placement, room: device.room)
    anatomy = Anatomy(
      patient: patient, posture: posture, isHeartEnlarged: present.contains(.cardiomegaly))
    findings = Findings(
      present: present, anatomy: anatomy,
      random: RandomStream(seed: seed, stream: "phantom.findings", index: number))
    geometry = RadiographGeometry(
      size: size, fieldWidth: device.fieldWidth, posture: posture, bow: patient.scoliosis)
  }

  /// Findings of radiograph `number`, each present with probability `rate`. An enlarged heart belongs to the
  /// patient, the other findings to the radiograph.
  static func findings(seed: UInt64, number: Int, rate: Double) -> Set<Finding> {
    Set(
      Finding.allCases.filter { finding in
        let index = finding == .cardiomegaly ? number / imagesPerPatient : number
        var random = RandomStream(seed: seed, stream: "phantom.label.\(finding.rawValue)", index: index)
        return random.chance(rate)
      })
  }

  /// Grey in [0, 1], `size × size`.
  func image() -> GrayImage {
    let projection = Projection(anatomy, findings: findings, geometry: geometry) { side in
      RandomStream(
        seed: seed, stream: "phantom.vessels", step: side == .right ? 0 : 1, index: patientNumber)
    }
    let patient = anatomy.patient
    // An automatic exposure aims between lungs and heart: half of the chest, most of its wall.
    let middle =
      Attenuation.soft * (0.52 * patient.chestDepth + 5.0 + 0.7 * patient.padding + 0.8 * patient.breast)
    return device.develop(projection.opticalDepth(), middle: middle)
  }

  func truth() -> RadiographTruth {
    var truth = TruthPainter(anatomy: anatomy, findings: findings, geometry: geometry).truth()
    if let marker = device.marker {
      truth.objects["marker"] = marker.mask(geometry, fieldWidth: device.fieldWidth)
    }
    return truth
  }
}
