/// What a synthetic picture is of: a shape filled with a texture. Five shapes and two textures make ten classes.
package struct Motif: Equatable, Sendable {
  /// The outline of the figure.
  package enum Shape: Int, CaseIterable, Sendable {
    case disc, triangle, square, cross, ring
  }

  /// The two-coloured pattern inside the figure. Both cover half of it with each colour, so that colours alone say
  /// nothing.
  package enum Texture: Int, CaseIterable, Sendable {
    case stripes, checks
  }

  /// The outline.
  package var shape: Shape
  /// The filling.
  package var texture: Texture

  /// How many classes there are.
  package static let classCount = Shape.allCases.count * Texture.allCases.count

  /// The motif of a class number, 0 to 9.
  package init(label: Int) {
    precondition((0..<Motif.classCount).contains(label), "there are ten classes")
    shape = Shape(rawValue: label / Texture.allCases.count)!
    texture = Texture(rawValue: label % Texture.allCases.count)!
  }

  /// Its class number, 0 to 9.
  package var label: Int { shape.rawValue * Texture.allCases.count + texture.rawValue }

  /// Its name, such as `striped_disc`.
  package var name: String {
    switch texture {
    case .stripes: "striped_\(shape)"
    case .checks: "checked_\(shape)"
    }
  }
}

extension Motif.Shape {
  /// The signed distance, roughly, from a point to the outline of the shape at unit size; negative inside.
  ///
  /// Sizes are chosen so that all shapes cover about the same area: area alone says little.
  func distance(x: Double, y: Double) -> Double {
    switch self {
    case .disc:
      return (x * x + y * y).squareRoot() - 0.85
    case .triangle:
      // Equilateral, centred on its centroid: three half planes.
      let slanted = 0.866_025_403_784_438_6 * abs(x) + 0.5 * y
      return max(slanted, -y) - 0.6
    case .square:
      return max(abs(x), abs(y)) - 0.75
    case .cross:
      let long = max(abs(x), abs(y)) - 0.98
      let short = min(abs(x), abs(y)) - 0.34
      return max(long, short)
    case .ring:
      let radius = (x * x + y * y).squareRoot()
      return abs(radius - 0.72) - 0.26
    }
  }
}

extension Motif.Texture {
  /// True where the pattern has its first colour. `u` and `v` are texture coordinates whose period is 1.
  func isFirst(u: Double, v: Double) -> Bool {
    let left = u - u.rounded(.down) < 0.5
    switch self {
    case .stripes: return left
    case .checks: return left == (v - v.rounded(.down) < 0.5)
    }
  }
}
