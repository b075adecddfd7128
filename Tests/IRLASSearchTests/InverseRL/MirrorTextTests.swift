import IRLASGraph
import IRLASSearch
import Testing

@Suite struct MirrorTextTests {
  /// A small mirror with two experts and awkward names.
  static let mirror = Mirror(
    method: .maximumEntropy, featureVersion: 3, features: ["plain", "two words", "qu\"ote\\ # \n end"],
    space: "Net", seed: .max, scale: Standardization(mean: [0.1, 1 / 3, -2], deviation: [0.1, 1, 5e-5]),
    experts: [
      Mirror.Expert(
        name: "ResNeXt29", topology: GraphHash(0xF00), features: [1, 0.25, 0], weights: [0.3, -0.7, 1e-17],
        spread: [0, 0.1, 0.2], stability: 0.98, regularization: 0.1, negatives: 4,
        poolScores: [-3, -0.1, 0, 0, 0.1 + 0.2, 7]),
      Mirror.Expert(
        name: "", topology: GraphHash(.max), features: [0, 0, 0], weights: [1, 2, 3], spread: [0, 0, 0],
        stability: 1, regularization: 0, negatives: 0, poolScores: [-1, 1]),
    ])

  @Test func theTextGivesTheSameMirror() throws {
    #expect(try Mirror(parsing: Self.mirror.description) == Self.mirror)
    let learned = try MirrorTests.learn([3], .projection).mirror
    #expect(try Mirror(parsing: learned.description) == learned)
    let windows = Self.mirror.description.replacing("\n", with: "\r\n")
    #expect(try Mirror(parsing: windows) == Self.mirror)
  }

  @Test(arguments: [
    ("irlas mirror 1", "irlas mirror 2", "1:15: this is version 2 of the form; version 1 is read here"),
    ("irlas mirror 1", "irlas 1", "1:7: `mirror` is expected here, not `1`"),
    (
      "max_entropy", "magic",
      "2:8: there is no method `magic`; methods are max_entropy, max_margin, projection"
    ),
    ("features 3", "features", "3:9: the version of the features is missing"),
    ("space Net", "space Net x", "4:11: nothing more belongs on this line"),
    ("space Net", "space \"Net", "4:7: the name is not closed: \" is missing"),
    ("seed", "sed", "5:1: `seed` is expected here, not `sed`"),
    ("ResNeXt29 6", "ResNeXt29 0", "24:16: the size of the pool is a whole number from 1"),
    ("ResNeXt29 6", "ResNeXt29 7", "28:1: the pool has 7 blocks, but there are 6 scores"),
    ("0000000000000f00", "f00", "8:12: a hash has 16 hexadecimal digits"),
    ("stability 0.98", "stability nan", "11:13: the stability is a number"),
    ("feature  plain", "feature  \"two words\"", "21:10: the feature `two words` comes twice"),
    ("5e-05", "-5e-05", "22:52: the pool's deviation is a number above 0.0"),
    ("-3.0 -0.1", "-3.0 -4", "25:14: scores ascend"),
    ("pool \"\"", "pool x", "28:6: the pool of `` is expected here"),
    ("\nend\n", "\n", "30:1: the file ends too early: its last line is `end`"),
  ])
  func mistakesHavePlaceAndReason(part: String, replacement: String, message: String) {
    let text = Self.mirror.description
    #expect(text.contains(part))
    do {
      _ = try Mirror(parsing: text.replacing(part, with: replacement, maxReplacements: 1))
      Issue.record("`\(replacement)` was read")
    } catch {
      #expect(error.description == message)
    }
  }

  /// Whatever happens to the bytes, reading answers with a mirror that can be used or with a reason.
  @Test func mutatedTextsNeverTrap() {
    let bytes = Array(Self.mirror.description.utf8)
    var hash = StableHash(seed: 42)
    func draw(_ count: Int) -> Int {
      hash.combine(1 as UInt64)
      return Int(hash.value % UInt64(count))
    }
    let words = [
      "\"", "\\", "#", "\n", "nan", "1e999", "-", "feature", "score", "expert", "99999999999999999999", "é",
    ]
    var accepted = 0
    for _ in 0..<20_000 {
      var mutant = bytes
      for _ in 0...draw(4) {
        let place = draw(mutant.count)
        switch draw(5) {
        case 0: mutant[place] = UInt8(draw(256))
        case 1: mutant.removeSubrange(place..<min(mutant.count, place + 1 + draw(40)))
        case 2: mutant.insert(contentsOf: Array(words[draw(words.count)].utf8), at: place)
        case 3:
          mutant.insert(contentsOf: mutant[place..<min(mutant.count, place + 60)], at: draw(mutant.count))
        default: mutant.removeSubrange(place...)
        }
        if mutant.isEmpty { mutant = [0] }
      }
      let text = String(decoding: mutant, as: UTF8.self)
      do {
        let mirror = try Mirror(parsing: text)
        accepted += 1
        let block = [Double](repeating: 0.5, count: mirror.features.count)
        #expect(mirror.score(block).isFinite)
        _ = mirror.contributions(block)
        #expect(try Mirror(parsing: mirror.description) == mirror)
      } catch {
        #expect(error.line >= 1 && error.column >= 1)
      }
    }
    // Digits may change.
    #expect(accepted > 100)
  }
}
