-- Judges a certificate and its key by OpenSSL, which nginx brings along: the supervisor runs an nginx that ends here, because
-- there is no openssl in its image, and nginx takes a key of another kind than the certificate's without a word.

local ffi = require "ffi"

local C = ffi.C

ffi.cdef [[
void *BIO_new_file(const char *name, const char *mode);
void *PEM_read_bio_X509_AUX(void *bio, void **certificate, void *callback, void *passphrase);
void *PEM_read_bio_PrivateKey(void *bio, void **key, void *callback, void *passphrase);
int X509_check_private_key(const void *certificate, const void *key);
const void *X509_get0_notBefore(const void *certificate);
const void *X509_get0_notAfter(const void *certificate);
int ASN1_TIME_diff(int *days, int *seconds, const void *from, const void *to);
]]

-- Nobody is there to type one: without this OpenSSL would ask.
local NO_PASSPHRASE = ffi.cast("void *", "")
local NOW = nil

local certificate = {}

-- The first of its kind in a file, or nil. What is read is never freed: the process ends.
local function read(name, read_from)
  local file = C.BIO_new_file(name, "r")
  if file == nil then return nil end
  local found = read_from(file, nil, nil, NO_PASSPHRASE)
  return found ~= nil and found or nil
end

local function seconds_until(time)
  local days, seconds = ffi.new("int[1]"), ffi.new("int[1]")
  if C.ASN1_TIME_diff(days, seconds, NOW, time) ~= 1 then return nil end
  return days[0] * 86400 + seconds[0]
end

-- "fits", in how many seconds the certificate begins to hold (mostly less than none), and in how many it ends; or what is wrong.
function certificate.judge(certificate_name, key_name)
  local x509 = read(certificate_name, C.PEM_read_bio_X509_AUX)
  if not x509 then return "the certificate cannot be read" end
  local key = read(key_name, C.PEM_read_bio_PrivateKey)
  if not key then return "the key cannot be read, or is encrypted" end
  if C.X509_check_private_key(x509, key) ~= 1 then return "the key does not belong to the certificate" end
  local from, to = seconds_until(C.X509_get0_notBefore(x509)), seconds_until(C.X509_get0_notAfter(x509))
  if not from or not to then return "the certificate does not say when it ends" end
  return string.format("fits %d %d", from, to)
end

return certificate
