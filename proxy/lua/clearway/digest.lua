-- SHA-256, by the OpenSSL that nginx is linked with.

local ffi = require "ffi"

local C = ffi.C

ffi.cdef "unsigned char *SHA256(const unsigned char *text, size_t length, unsigned char *digest);"

local bytes = ffi.new("unsigned char[32]")

local digest = {}

-- The 32 bytes of the digest of a text.
function digest.sha256(text)
  C.SHA256(text, #text, bytes)
  return ffi.string(bytes, 32)
end

return digest
