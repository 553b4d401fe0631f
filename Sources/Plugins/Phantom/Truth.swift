import Imaging
import WorldModel

/// Draws what is known of a radiograph: masks and landmarks in the radiograph's own pixels.
struct TruthPainter {
  let anatomy: Anatomy
  let findings: Findings
  let geometry: RadiographGeometry

  func truth() -> RadiographTruth {
    var masks = ["lungs": lungs { _, _, _ in true }]
    for finding in findings.present { masks[finding.rawValue] = mask(of: finding) }
    return RadiographTruth(masks: masks, landmarks: landmarks())
  }

  private func landmarks() -> [String: RadiographTruth.Landmark] {
    let clavicle = Tube.cubic(Skeleton(anatomy).clavicle(.right), 0.5)
    return [
      "aortic arch": landmark(anatomy.aorticArch.centre), "right hilum": landmark(anatomy.rightHilum),
      "left ventricle": landmark(anatomy.heart[1].centre), "clavicle": landmark(clavicle),
    ]
  }

  private func landmark(_ place: Point) -> RadiographTruth.Landmark {
    let (row, column) = geometry.project(place)
    return RadiographTruth.Landmark(row: Double(row), column: Double(column))
  }

  private func mask(of finding: Finding) -> GrayImage {
    switch finding {
    case .cardiomegaly: heart()
    case .consolidation:
      lungs { side, row, x in
        guard let patch = findings.consolidation, patch.side == side else { return false }
        return patch.share(x: x, y: row.y) > 0.35 * patch.strength
      }
    case .effusion:
      lungs { side, row, x in
        guard let fluid = findings.effusion, fluid.side == side else { return false }
        return fluid.share(x: x, y: row.y, inner: row.inner, outer: row.outer) > 0.5
      }
    case .nodule:
      lungs { side, row, x in
        guard let nodule = findings.nodule, nodule.side == side else { return false }
        return nodule.path(x: x, y: row.y) > 0
      }
    case .pneumothorax: lungs { side, row, x in findings.pneumothorax?.side == side && x > row.pleura }
    }
  }

  /// Pixels of the lung fields, heart and what lies under the domes left out, where `isMember` holds.
  private func lungs(_ isMember: (Side, LungRow, Float) -> Bool) -> GrayImage {
    var image = GrayImage(width: geometry.size, height: geometry.size)
    let heart = anatomy.heart + [anatomy.aorticArch, anatomy.greatVessels]
    for side in Side.allCases {
      let dome = anatomy.lung(side).dome
      let scan = LungScan(anatomy, side, pneumothorax: findings.pneumothorax, geometry: geometry)
      for row in scan.rows {
        let parts = heart.filter { abs(row.y - $0.centre.y) < $0.halfExtent.y }
        // Slivers between the heart's underside and the dome are no lung field.
        let medial = row.y > dome.peak ? 0.3 * scan.lung.halfWidth : row.inner
        for column in row.columns {
          let x = row.x(column)
          guard x > medial, x < row.outer, row.y > scan.lung.apex, row.y < dome.edge(at: x),
            !parts.contains(where: { covers($0, x: side.sign * x, y: row.y) }), isMember(side, row, x)
          else { continue }
          image[row.row, column] = 1
        }
      }
    }
    return image
  }

  /// The heart's silhouette, down to the diaphragm.
  func heart() -> GrayImage {
    var image = GrayImage(width: geometry.size, height: geometry.size)
    for row in 0..<geometry.size {
      let (y, firstX) = (geometry.y(ofRow: row), geometry.firstX(ofRow: row))
      let parts = anatomy.heart.filter { abs(y - $0.centre.y) < $0.halfExtent.y }
      guard !parts.isEmpty else { continue }
      for column in 0..<geometry.size {
        let x = firstX + Float(column) / geometry.pixelsPerCentimetre
        let floor = anatomy.lung(x < 0 ? .right : .left).dome.edge(at: abs(x))
        if y < floor + 0.5, parts.contains(where: { covers($0, x: x, y: y) }) { image[row, column] = 1 }
      }
    }
    return image
  }

  private func covers(_ part: Ellipsoid, x: Float, y: Float) -> Bool {
    part.covers(dx: x - part.centre.x - geometry.turn * part.centre.z, dy: y - part.centre.y)
  }
}
