# sign.ps1 FOLDER-OR-FILE: signs programs and libraries of ours (Authenticode). Needs signtool of the Windows SDK and
# WORKBENCH_SIGN_THUMBPRINT, the thumbprint of a code-signing certificate in this person's store. Without it nothing is done.
param([Parameter(Mandatory = $true)][string]$Target)

$ErrorActionPreference = "Stop"
if (-not $env:WORKBENCH_SIGN_THUMBPRINT) {
    Write-Host "No WORKBENCH_SIGN_THUMBPRINT: nothing is signed."
    exit 0
}
$files = if (Test-Path $Target -PathType Container) {
    Get-ChildItem $Target -Filter "model-workbench*.exe" | ForEach-Object FullName
} else { $Target }
foreach ($file in $files) {
    & signtool sign /sha1 $env:WORKBENCH_SIGN_THUMBPRINT /fd sha256 /tr http://timestamp.digicert.com /td sha256 $file
    if ($LASTEXITCODE -ne 0) { throw "signtool failed on $file" }
}
