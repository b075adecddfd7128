import Foundation
import Testing

@testable import IRLASDSL

/// The manual says what the program does.
@Suite struct ManualTests {
  private static var manual: String {
    get throws {
      try String(
        contentsOf: Samples.folder.deletingLastPathComponent().appendingPathComponent("docs/language.md"),
        encoding: .utf8)
    }
  }

  /// The tables of primitives and of searches are made from those the elaborator uses.
  @Test(arguments: [("primitives", Primitive.manualTable), ("searches", SearchForm.manual)])
  func tables(name: String, table: String) throws {
    let text = try Self.manual
    let from = try #require(text.range(of: "<!-- \(name) -->\n"))
    let to = try #require(text.range(of: "\n<!-- end of \(name) -->", range: from.upperBound..<text.endIndex))
    #expect(text[from.upperBound..<to.lowerBound] == table)
  }

  /// Every function on numbers and every word of a recipe is in the manual.
  @Test func words() throws {
    let text = try Self.manual
    var words = NumericFunction.allCases.map(\.rawValue) + Metric.allCases.map(\.rawValue)
    words += RecipeForm.fields.map(\.name)
    for forms in [
      RecipeForm.sources, RecipeForm.augmentations, RecipeForm.losses, RecipeForm.optimizers,
      RecipeForm.schedules,
    ] {
      words += forms.map(\.name)
    }
    for word in words { #expect(text.contains(word), "\(word)") }
  }
}
