"""Plain names of the languages that translators know, by the codes they are told them with."""

from __future__ import annotations

_NLLB = """ace_Arab Acehnese (Arabic letters); ace_Latn Acehnese; acm_Arab Arabic, Mesopotamian; acq_Arab Arabic, Ta'izzi-Adeni;
aeb_Arab Arabic, Tunisian; afr_Latn Afrikaans; ajp_Arab Arabic, South Levantine; aka_Latn Akan; amh_Ethi Amharic;
apc_Arab Arabic, North Levantine; arb_Arab Arabic; ars_Arab Arabic, Najdi; ary_Arab Arabic, Moroccan; arz_Arab Arabic, Egyptian;
asm_Beng Assamese; ast_Latn Asturian; awa_Deva Awadhi; ayr_Latn Aymara; azb_Arab Azerbaijani, South; azj_Latn Azerbaijani;
bak_Cyrl Bashkir; bam_Latn Bambara; ban_Latn Balinese; bel_Cyrl Belarusian; bem_Latn Bemba; ben_Beng Bengali; bho_Deva Bhojpuri;
bjn_Arab Banjar (Arabic letters); bjn_Latn Banjar; bod_Tibt Tibetan; bos_Latn Bosnian; bug_Latn Buginese; bul_Cyrl Bulgarian;
cat_Latn Catalan; ceb_Latn Cebuano; ces_Latn Czech; cjk_Latn Chokwe; ckb_Arab Kurdish, Central; crh_Latn Crimean Tatar;
cym_Latn Welsh; dan_Latn Danish; deu_Latn German; dik_Latn Dinka; dyu_Latn Dyula; dzo_Tibt Dzongkha; ell_Grek Greek;
eng_Latn English; epo_Latn Esperanto; est_Latn Estonian; eus_Latn Basque; ewe_Latn Ewe; fao_Latn Faroese; pes_Arab Persian;
fij_Latn Fijian; fin_Latn Finnish; fon_Latn Fon; fra_Latn French; fur_Latn Friulian; fuv_Latn Fula; gla_Latn Gaelic, Scottish;
gle_Latn Irish; glg_Latn Galician; grn_Latn Guarani; guj_Gujr Gujarati; hat_Latn Haitian Creole; hau_Latn Hausa;
heb_Hebr Hebrew; hin_Deva Hindi; hne_Deva Chhattisgarhi; hrv_Latn Croatian; hun_Latn Hungarian; hye_Armn Armenian; ibo_Latn Igbo;
ilo_Latn Ilocano; ind_Latn Indonesian; isl_Latn Icelandic; ita_Latn Italian; jav_Latn Javanese; jpn_Jpan Japanese;
kab_Latn Kabyle; kac_Latn Jingpho; kam_Latn Kamba; kan_Knda Kannada; kas_Arab Kashmiri (Arabic letters);
kas_Deva Kashmiri (Devanagari letters); kat_Geor Georgian; knc_Arab Kanuri (Arabic letters); knc_Latn Kanuri; kaz_Cyrl Kazakh;
kbp_Latn Kabiyè; kea_Latn Kabuverdianu; khm_Khmr Khmer; kik_Latn Kikuyu; kin_Latn Kinyarwanda; kir_Cyrl Kyrgyz;
kmb_Latn Kimbundu; kon_Latn Kikongo; kor_Hang Korean; kmr_Latn Kurdish, Northern; lao_Laoo Lao; lvs_Latn Latvian;
lij_Latn Ligurian; lim_Latn Limburgish; lin_Latn Lingala; lit_Latn Lithuanian; lmo_Latn Lombard; ltg_Latn Latgalian;
ltz_Latn Luxembourgish; lua_Latn Luba-Kasai; lug_Latn Ganda; luo_Latn Luo; lus_Latn Mizo; mag_Deva Magahi; mai_Deva Maithili;
mal_Mlym Malayalam; mar_Deva Marathi; min_Latn Minangkabau; mkd_Cyrl Macedonian; plt_Latn Malagasy; mlt_Latn Maltese;
mni_Beng Meitei; khk_Cyrl Mongolian; mos_Latn Mossi; mri_Latn Maori; zsm_Latn Malay; mya_Mymr Burmese; nld_Latn Dutch;
nno_Latn Norwegian Nynorsk; nob_Latn Norwegian; npi_Deva Nepali; nso_Latn Sotho, Northern; nus_Latn Nuer; nya_Latn Nyanja;
oci_Latn Occitan; gaz_Latn Oromo; ory_Orya Odia; pag_Latn Pangasinan; pan_Guru Punjabi; pap_Latn Papiamento; pol_Latn Polish;
por_Latn Portuguese; prs_Arab Dari; pbt_Arab Pashto; quy_Latn Quechua; ron_Latn Romanian; run_Latn Rundi; rus_Cyrl Russian;
sag_Latn Sango; san_Deva Sanskrit; sat_Beng Santali; scn_Latn Sicilian; shn_Mymr Shan; sin_Sinh Sinhala; slk_Latn Slovak;
slv_Latn Slovenian; smo_Latn Samoan; sna_Latn Shona; snd_Arab Sindhi; som_Latn Somali; sot_Latn Sotho, Southern;
spa_Latn Spanish; als_Latn Albanian; srd_Latn Sardinian; srp_Cyrl Serbian; ssw_Latn Swazi; sun_Latn Sundanese; swe_Latn Swedish;
swh_Latn Swahili; szl_Latn Silesian; tam_Taml Tamil; tat_Cyrl Tatar; tel_Telu Telugu; tgk_Cyrl Tajik; tgl_Latn Tagalog;
tha_Thai Thai; tir_Ethi Tigrinya; taq_Latn Tamasheq; taq_Tfng Tamasheq (Tifinagh letters); tpi_Latn Tok Pisin;
tsn_Latn Tswana; tso_Latn Tsonga; tuk_Latn Turkmen; tum_Latn Tumbuka; tur_Latn Turkish; twi_Latn Twi;
tzm_Tfng Tamazight, Central Atlas; uig_Arab Uyghur; ukr_Cyrl Ukrainian; umb_Latn Umbundu; urd_Arab Urdu; uzn_Latn Uzbek;
vec_Latn Venetian; vie_Latn Vietnamese; war_Latn Waray; wol_Latn Wolof; xho_Latn Xhosa; ydd_Hebr Yiddish; yor_Latn Yoruba;
yue_Hant Cantonese; zho_Hans Chinese (simplified); zho_Hant Chinese (traditional); zul_Latn Zulu"""
_M2M = """af Afrikaans; am Amharic; ar Arabic; ast Asturian; az Azerbaijani; ba Bashkir; be Belarusian; bg Bulgarian; bn Bengali;
br Breton; bs Bosnian; ca Catalan; ceb Cebuano; cs Czech; cy Welsh; da Danish; de German; el Greek; en English; es Spanish;
et Estonian; fa Persian; ff Fula; fi Finnish; fr French; fy Frisian, West; ga Irish; gd Gaelic, Scottish; gl Galician;
gu Gujarati; ha Hausa; he Hebrew; hi Hindi; hr Croatian; ht Haitian Creole; hu Hungarian; hy Armenian; id Indonesian; ig Igbo;
ilo Ilocano; is Icelandic; it Italian; ja Japanese; jv Javanese; ka Georgian; kk Kazakh; km Khmer; kn Kannada; ko Korean;
lb Luxembourgish; lg Ganda; ln Lingala; lo Lao; lt Lithuanian; lv Latvian; mg Malagasy; mk Macedonian; ml Malayalam;
mn Mongolian; mr Marathi; ms Malay; my Burmese; ne Nepali; nl Dutch; no Norwegian; ns Sotho, Northern; oc Occitan; or Odia;
pa Punjabi; pl Polish; ps Pashto; pt Portuguese; ro Romanian; ru Russian; sd Sindhi; si Sinhala; sk Slovak; sl Slovenian;
so Somali; sq Albanian; sr Serbian; ss Swazi; su Sundanese; sv Swedish; sw Swahili; ta Tamil; th Thai; tl Tagalog; tn Tswana;
tr Turkish; uk Ukrainian; ur Urdu; uz Uzbek; vi Vietnamese; wo Wolof; xh Xhosa; yi Yiddish; yo Yoruba; zh Chinese; zu Zulu"""
# Most often asked for: they stand at the beginning of the list.
_FIRST = ("English", "German", "French", "Spanish", "Italian", "Portuguese", "Dutch")


def _listed(text: str) -> list[list[str]]:
    pairs = [entry.strip().split(" ", 1) for entry in text.replace("\n", " ").split(";")]
    rank = {name: n for n, name in enumerate(_FIRST)}
    return sorted(pairs, key=lambda p: (rank.get(p[1], len(rank)), p[1]))


NLLB_LANGUAGES = _listed(_NLLB)
M2M_LANGUAGES = _listed(_M2M)
