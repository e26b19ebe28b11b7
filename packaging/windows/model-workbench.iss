; Inno Setup 6: one setup program, for one person, without administrator (they may choose "for all" when they are one).
; ISCC /DAppVersion=0.1.0 /DVariant=cpu /DSource=FROZEN-FOLDER /DTarget=FOLDER model-workbench.iss

#ifndef AppVersion
  #error AppVersion is missing: dev.py package gives it
#endif
#ifndef Variant
  #define Variant "cpu"
#endif

[Setup]
AppId={{6D0B6C1E-6E0B-4C0F-9B5E-5E2D1C4B7A90}
AppName=Model Workbench
AppVersion={#AppVersion}
AppPublisher=Model Workbench
VersionInfoVersion={#AppVersion}
DefaultDirName={autopf}\Model Workbench
DefaultGroupName=Model Workbench
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
OutputDir={#Target}
OutputBaseFilename=model-workbench-{#AppVersion}-{#Variant}-setup
SetupIconFile=..\icons\model-workbench.ico
UninstallDisplayIcon={app}\model-workbench.exe
Compression=lzma2/fast
SolidCompression=no
LZMANumBlockThreads=4
DiskSpanning=no
WizardStyle=modern
ChangesAssociations=yes
ChangesEnvironment=yes
CloseApplications=yes
RestartApplications=no
#ifdef SignTool
SignTool={#SignTool}
SignedUninstaller=yes
#endif

[Languages]
Name: "en"; MessagesFile: "compiler:Default.isl"

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked
Name: "path"; Description: "Use ""model-workbench"" on the command line"; Flags: unchecked

[InstallDelete]
; Libraries of an older version must not be found by a newer one.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "{#Source}\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{autoprograms}\Model Workbench"; Filename: "{app}\model-workbench.exe"; AppUserModelID: "ModelWorkbench.ModelWorkbench"
Name: "{autodesktop}\Model Workbench"; Filename: "{app}\model-workbench.exe"; Tasks: desktopicon; AppUserModelID: "ModelWorkbench.ModelWorkbench"

[Registry]
; HKA is this person's part of the registry, or everybody's where setup runs for all.
Root: HKA; Subkey: "Software\Classes\.workbench\OpenWithProgids"; ValueType: string; ValueName: "ModelWorkbench.Project"; ValueData: ""; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\.workbench"; ValueType: string; ValueName: "Content Type"; ValueData: "application/x-model-workbench-project"; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\ModelWorkbench.Project"; ValueType: string; ValueName: ""; ValueData: "Model Workbench project"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\ModelWorkbench.Project\DefaultIcon"; ValueType: string; ValueName: ""; ValueData: "{app}\model-workbench.exe,0"
Root: HKA; Subkey: "Software\Classes\ModelWorkbench.Project\shell\open\command"; ValueType: string; ValueName: ""; ValueData: """{app}\model-workbench.exe"" ""%1"""
Root: HKA; Subkey: "Software\Classes\Applications\model-workbench.exe\SupportedTypes"; ValueType: string; ValueName: ".workbench"; ValueData: ""; Flags: uninsdeletekey
Root: HKCU; Subkey: "Environment"; ValueType: expandsz; ValueName: "Path"; ValueData: "{olddata};{app}"; Tasks: path; Check: not OnPath(ExpandConstant('{app}'))

[Run]
Filename: "{app}\model-workbench.exe"; Description: "{cm:LaunchProgram,Model Workbench}"; Flags: nowait postinstall skipifsilent

[Code]
function OnPath(Folder: string): Boolean;
var
  Path: string;
begin
  Result := False;
  if RegQueryStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Path) then
    Result := Pos(';' + Lowercase(Folder) + ';', ';' + Lowercase(Path) + ';') > 0;
end;

procedure CurUninstallStepChanged(Step: TUninstallStep);
var
  Path, Folder: string;
  Place: Integer;
begin
  if Step <> usPostUninstall then
    exit;
  Folder := ';' + ExpandConstant('{app}');
  if RegQueryStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Path) then
  begin
    Place := Pos(Lowercase(Folder), Lowercase(Path));
    if Place > 0 then
    begin
      Delete(Path, Place, Length(Folder));
      RegWriteExpandStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Path);
    end;
  end;
end;
