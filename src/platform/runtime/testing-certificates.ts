/** Certificates for tests, self-signed for `localhost` and valid until 2126. Their keys guard nothing. */
export interface TestCertificate {
  readonly commonName: string;
  readonly certificate: string;
  readonly key: string;
}

export const certificateOne: TestCertificate = {
  commonName: 'one.test',
  certificate: `-----BEGIN CERTIFICATE-----
MIIBkjCCATmgAwIBAgIUfntdMBRRJNSqKjBZTs5BPGNhXFkwCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIb25lLnRlc3QwIBcNMjYxMTIzMDY1NjUyWhgPMjEyNjEwMzAw
NjU2NTJaMBMxETAPBgNVBAMMCG9uZS50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAE6nZk2vNpdX53nGzlEn2OjIgPIDhbDL19nY9AVW1pqaLjccPxtg/r2PAx
RPVm1HOPBeQj5MedXoZZUT6hI/KCeKNpMGcwHQYDVR0OBBYEFHejCkZb9YSr4os0
bnqbB1wkekeuMB8GA1UdIwQYMBaAFHejCkZb9YSr4os0bnqbB1wkekeuMA8GA1Ud
EwEB/wQFMAMBAf8wFAYDVR0RBA0wC4IJbG9jYWxob3N0MAoGCCqGSM49BAMCA0cA
MEQCIC3LehjZVhm4Mt+9G7riiq02PAU5tgse65L5HBSqVvAZAiANfvCFiUx/and7
lIJSQjHGzeOaKtdHuzDs98mE5nreiQ==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkwkeK+Zb4Kd+0e8E
BC8YZg/XMSisZdkmz2pgUIwzGU6hRANCAATqdmTa82l1fnecbOUSfY6MiA8gOFsM
vX2dj0BVbWmpouNxw/G2D+vY8DFE9WbUc48F5CPkx51ehllRPqEj8oJ4
-----END PRIVATE KEY-----
`,
};

export const certificateTwo: TestCertificate = {
  commonName: 'two.test',
  certificate: `-----BEGIN CERTIFICATE-----
MIIBkzCCATmgAwIBAgIUahHFyz1W9yTpkPj6goVlzUuRgu8wCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIdHdvLnRlc3QwIBcNMjYxMTIzMDY1NjUyWhgPMjEyNjEwMzAw
NjU2NTJaMBMxETAPBgNVBAMMCHR3by50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAE9AOWbYS0ZpZRR4+22eB/Bpc7yh/bSWKlFvKTs0KU3zJKzc9c418f1cnY
lkqHDSV19i1pvMfW3O1n3Ueon0RYBaNpMGcwHQYDVR0OBBYEFL0QM6W4dO2ly+/k
jICtCKXraGToMB8GA1UdIwQYMBaAFL0QM6W4dO2ly+/kjICtCKXraGToMA8GA1Ud
EwEB/wQFMAMBAf8wFAYDVR0RBA0wC4IJbG9jYWxob3N0MAoGCCqGSM49BAMCA0gA
MEUCIBofUsyuzo8fDcDChaeFDlERHQrRaVEj2PwcooQMZEheAiEAj5ISy7jYjrFT
PAVxvGBRadGe0iGEHkHR3MN2yeYu13U=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLUdbCPbmByoRY9P+
Iop6yvZZpEPEgk+H/bufwCnhQ9ahRANCAAT0A5ZthLRmllFHj7bZ4H8GlzvKH9tJ
YqUW8pOzQpTfMkrNz1zjXx/VydiWSocNJXX2LWm8x9bc7WfdR6ifRFgF
-----END PRIVATE KEY-----
`,
};
