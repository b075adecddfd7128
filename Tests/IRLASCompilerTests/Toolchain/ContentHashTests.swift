import IRLASCompiler
import Testing

@Suite struct ContentHashTests {
  /// The examples of FIPS 180-4 and one that ends at a block's edge.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ]) func publishedDigests(text: String, digest: String) {
    #expect(ContentHash(ofBytes: Array(text.utf8)).hex() == digest)
  }

  @Test func partsDoNotRunTogether() {
    #expect(ContentHash(of: ["ab", "c"]) != ContentHash(of: ["a", "bc"]))
    #expect(ContentHash(of: ["ab", "c"]) == ContentHash(of: ["ab", "c"]))
    #expect(ContentHash(of: ["abc"]) != ContentHash(of: ["abc", ""]))
  }

  @Test func aChecksumSeesEveryByte() {
    let bytes = (0..<37).map { UInt8($0) }
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 1
      #expect(checksum(damaged) != checksum(bytes))
    }
    #expect(checksum(bytes + [0]) != checksum(bytes))
  }
}
